"""Build of a functions' zip from a source folder, with the standard library alone.

    python lambdas/build.py                          lambdas/event_fork -> lambdas/dist/event_fork.zip and its manifest
    python lambdas/build.py --source DIR --zip PATH  the same for another folder; --flat leaves the folder's name out
    python lambdas/build.py --check [...]            fail, naming the files, when zip or manifest differ from the source

A zip holds our own code only and is committed, so that `terraform init` is all a user needs. Its entries have a fixed
date, fixed modes and a fixed order: the same source gives the same bytes with the same zlib. Other zlibs compress to
other bytes, so contents are compared by the manifest (path -> SHA-256), never the zip's own bytes, and a zip whose
contents are current is not written.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LAMBDAS = Path(__file__).resolve().parent
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
READABLE_FILE = 0o100644 << 16

Manifest = Mapping[str, str]


@dataclass(frozen=True)
class Build:
    """What is built from which folder. The manifest lies beside the zip: event_fork.zip, event_fork.manifest.json."""

    source: Path
    zip: Path
    flat: bool = False

    @property
    def manifest(self) -> Path:
        """Path of the manifest."""
        return self.zip.with_suffix(".manifest.json")

    def source_contents(self) -> dict[str, bytes]:
        """Path in the zip -> bytes, of every Python file of the source, sorted by path."""
        root = self.source if self.flat else self.source.parent
        contents = {path.relative_to(root).as_posix(): path.read_bytes() for path in self.source.rglob("*.py")}
        if not contents:
            raise FileNotFoundError(f"no Python files in {self.source}")
        return dict(sorted(contents.items()))

    def write(self) -> bool:
        """Write zip and manifest where they do not say what the source says; whether anything was written.

        A zip of the same contents stays as it is: written anew with another zlib it would have other bytes, and
        Terraform would update every function of every user for nothing.
        """
        if not self.differences():
            return False
        contents = self.source_contents()
        self.zip.parent.mkdir(parents=True, exist_ok=True)
        if not self.zip.exists() or zip_manifest(self.zip) != manifest_of(contents):
            self._write_zip(contents)
        self.manifest.write_text(json.dumps(manifest_of(contents), indent=2) + "\n", encoding="utf-8")
        return True

    def _write_zip(self, contents: Mapping[str, bytes]) -> None:
        with zipfile.ZipFile(self.zip, "w") as archive:
            for path, data in contents.items():
                entry = zipfile.ZipInfo(path, FIXED_DATE)
                entry.create_system = UNIX
                entry.external_attr = READABLE_FILE
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data, compresslevel=9)

    def differences(self) -> list[str]:
        """What is not as the source is, one line per file; empty when zip and manifest are current."""
        source = manifest_of(self.source_contents())
        found: list[str] = []
        for path, read in ((self.zip, zip_manifest), (self.manifest, written_manifest)):
            if path.exists():
                found += [f"{path.name}: {line}" for line in _compare(source, read(path))]
            else:
                found.append(f"{path.name}: is not there")
        return found


EVENT_FORK = Build(source=LAMBDAS / "event_fork", zip=LAMBDAS / "dist" / "event_fork.zip")


def manifest_of(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Path -> SHA-256 in hexadecimal."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}


def zip_manifest(path: Path) -> Manifest:
    """The manifest of what a zip holds."""
    with zipfile.ZipFile(path) as archive:
        return manifest_of({name: archive.read(name) for name in archive.namelist()})


def written_manifest(path: Path) -> Manifest:
    """The manifest in a file."""
    manifest: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _compare(source: Manifest, built: Manifest) -> list[str]:
    words = {(True, False): "is missing", (False, True): "is not in the source"}
    return [
        f"{path} {words.get((path in source, path in built), 'differs')}"
        for path in sorted(source.keys() | built.keys())
        if source.get(path) != built.get(path)
    ]


def main(arguments: list[str] | None = None) -> int:
    """0 when done, 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, default=EVENT_FORK.source, help="folder of Python files")
    parser.add_argument("--zip", type=Path, default=EVENT_FORK.zip, help="zip to write or check")
    parser.add_argument(
        "--flat", action="store_true", help="put the files at the zip's root, not under the folder's name"
    )
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    build = Build(options.source.resolve(), options.zip.resolve(), options.flat)
    if not options.check:
        written = build.write()
        print(f"wrote {options.zip} and {build.manifest.name}" if written else f"{options.zip} is current")
        return 0
    if found := build.differences():
        print(
            f"{options.zip} is not what {options.source} says:", *found, "run: make build", sep="\n  ", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
