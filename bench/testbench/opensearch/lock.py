"""Writes jars.lock anew from the coordinates in distribution.py: `python -m testbench.opensearch.lock`.

Resolves every piece with its dependencies, leaves out of modules/ what lib/ has, and downloads each jar to hash it.
"""

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import Artifact, MavenContext
from jgo.parse import Endpoint

from testbench.opensearch import VERSION, maven
from testbench.opensearch.distribution import LIB, LOCK, PIECES, Jar

_HEADER = f"""# Every jar of the OpenSearch {VERSION} node: SHA-256, folder, Maven coordinate.
# Written by `python -m testbench.opensearch.lock`; what it is put together from is in distribution.py.
"""


def _artifacts(context: MavenContext, coordinate: str) -> list[Artifact]:
    """What one coordinate needs. One at a time: resolved together, each would impose its managed versions on all."""
    root = Endpoint.parse(coordinate).coordinates[0]
    root.scope = "compile"
    wanted, needed = context.resolver.resolve([context.create_dependency(root)])
    kept = [dependency for dependency in needed if dependency.scope in ("compile", "runtime")]
    return [dependency.artifact for dependency in [*wanted, *kept]]


def resolve(scratch: Path) -> list[Jar]:
    """All jars of all pieces, sorted. Where two coordinates need the same jar, the first one's version wins."""
    context = maven.context(scratch)
    found: list[Jar] = []
    in_lib: set[tuple[str, str]] = set()
    for piece in PIECES:
        taken = set(in_lib)
        for coordinate in piece.coordinates:
            for artifact in _artifacts(context, coordinate):
                key = (artifact.groupId, artifact.artifactId)
                if key not in taken:
                    taken.add(key)
                    sha256 = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
                    found.append(Jar(sha256, piece.folder, *key, artifact.version))
        if piece.folder == LIB:
            in_lib = taken
    return sorted(found, key=lambda jar: (jar.folder, jar.group, jar.artifact))


def main() -> None:
    """Write the lock file."""
    with tempfile.TemporaryDirectory() as scratch:
        jars = resolve(Path(scratch))
    LOCK.write_text(_HEADER + "".join(f"{jar}\n" for jar in jars))
    print(f"{LOCK.name}: {len(jars)} jars")


if __name__ == "__main__":
    main()
