"""A layer with Powertools for AWS Lambda (Python), the bench's stand-in for AWS's public one.

The project that uses the bench says which version, by the hash-pinned requirement file it names in its pyproject.toml:

    [tool.testbench]
    powertools-layer = "requirements/powertools-layer.txt"

AWS's build of that layer leaves out what the runtime already has (boto3 and what it needs); so does this one, because
here as there the runtime (a virtualenv of the backend's) brings them, and functions unpack their layers at cold start.
https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/#lambda-layer
"""

import shutil
import tempfile
import tomllib
import zipfile
from pathlib import Path

from testbench.errors import BenchError
from testbench.once import once
from testbench.paths import CACHE, PROJECT
from testbench.progress import Say
from testbench.pythons import fingerprint, pip_install

NAME = "AWSLambdaPowertoolsPythonV3-python313"
_IN_THE_RUNTIME = ("boto3*", "botocore*", "s3transfer*", "dateutil", "python_dateutil*", "urllib3*", "six*", "bin")
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def requirements(project: Path = PROJECT) -> Path | None:
    """The requirement file that the project names, None when it names none. Raises `BenchError`."""
    settings = project / "pyproject.toml"
    try:
        named = tomllib.loads(settings.read_text(encoding="utf-8")).get("tool", {}).get("testbench", {})
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BenchError(f"{settings} cannot be read: {error}") from error
    name = named.get("powertools-layer")
    if name is None:
        return None
    if not isinstance(name, str) or not (project / name).is_file():
        raise BenchError(
            f"powertools-layer below [tool.testbench] in {settings} must name a requirement file with hashes, such as "
            f'"requirements/powertools-layer.txt", it is {name!r}'
        )
    return project / name


def build(requirements: Path, python: Path, say: Say) -> Path:
    """The layer's zip in .bench/layer, made when it is not there, for the interpreter that runs the functions."""
    file = CACHE / "layer" / f"{fingerprint(requirements.read_bytes(), str(python))}.zip"

    def make() -> None:
        say("layer", "building the Powertools layer from PyPI (once)")
        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            target = Path(scratch) / "python"
            pip_install(python, requirements, "--no-compile", "--target", str(target))
            for pattern in _IN_THE_RUNTIME:
                for found in target.glob(pattern):
                    _remove(found)
            _zip(Path(scratch), target, file)

    once(file, make)
    return file


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _zip(root: Path, folder: Path, file: Path) -> None:
    temporary = file.with_suffix(".new")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(str(path.relative_to(root)), _EARLIEST)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    temporary.replace(file)
