"""Which jars make up the node: the pieces it is put together from, and the committed list with every jar's SHA-256."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbench.errors import BenchError
from testbench.opensearch import VERSION

LOCK = Path(__file__).with_name("jars.lock")
LIB = "lib"


@dataclass(frozen=True)
class Piece:
    """One folder of a distribution. `plugin_class` is empty for lib/, the node itself."""

    folder: str
    coordinates: tuple[str, ...]
    plugin_class: str = ""


PIECES = (
    Piece(
        LIB,
        (
            f"org.opensearch:opensearch:{VERSION}",
            "org.apache.logging.log4j:log4j-core:2.21.0",  # optional in the pom, but the node does not start without
            # loads what lies in modules/; the newest of its line on Maven Central, works with every 2.19
            "org.opensearch:opensearch-plugin-classloader:2.19.1",
        ),
    ),
    Piece(
        "modules/transport-netty4",
        (f"org.opensearch.plugin:transport-netty4-client:{VERSION}",),
        "org.opensearch.transport.Netty4Plugin",
    ),
    Piece(
        "modules/mapper-extras",
        (f"org.opensearch.plugin:mapper-extras-client:{VERSION}",),
        "org.opensearch.index.mapper.MapperExtrasPlugin",
    ),
    Piece(
        "modules/reindex",
        (f"org.opensearch.plugin:reindex-client:{VERSION}",),
        "org.opensearch.index.reindex.ReindexPlugin",
    ),
)


@dataclass(frozen=True)
class Jar:
    """One line of the lock file."""

    sha256: str
    folder: str
    group: str
    artifact: str
    version: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.sha256}  {self.folder}  {self.group}:{self.artifact}:{self.version}"


def locked() -> list[Jar]:
    """The committed list."""
    return list(_parsed(LOCK.read_text()))


def _parsed(text: str) -> Iterator[Jar]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        try:
            sha256, folder, coordinate = line.split()
            group, artifact, version = coordinate.split(":")
        except ValueError:
            raise BenchError(f"{LOCK.name} line {number} is not `SHA256 FOLDER GROUP:ARTIFACT:VERSION`") from None
        yield Jar(sha256, folder, group, artifact, version)
