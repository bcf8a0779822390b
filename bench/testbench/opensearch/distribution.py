"""Which jars make up the node: the pieces it is put together from, and the committed list with every jar's SHA-256."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbench.errors import BenchError
from testbench.opensearch import IS_3, VERSION, VERSIONS

LOCK = Path(__file__).with_name("jars.lock" if VERSIONS[0] == VERSION else f"jars-{VERSION}.lock")
LIB = "lib"


@dataclass(frozen=True)
class Piece:
    """One folder of a distribution. `plugin_class` is empty for lib/, the node itself."""

    folder: str
    coordinates: tuple[str, ...]
    plugin_class: str = ""


_PLUGIN = "ModulePlugin" if IS_3 else "Plugin"
PIECES = (
    Piece(
        LIB,
        (
            f"org.opensearch:opensearch:{VERSION}",
            # optional in the pom, but the node does not start without
            f"org.apache.logging.log4j:log4j-core:{'2.25.5' if IS_3 else '2.21.0'}",
            # loads what lies in modules/; the newest of its line on Maven Central, works with every 2.19
            f"org.opensearch:opensearch-plugin-classloader:{VERSION if IS_3 else '2.19.1'}",
        ),
    ),
    Piece(
        "modules/transport-netty4",
        (f"org.opensearch.plugin:transport-netty4-client:{VERSION}",),
        f"org.opensearch.transport.Netty4{_PLUGIN}",
    ),
    Piece(
        "modules/mapper-extras",
        (f"org.opensearch.plugin:mapper-extras-client:{VERSION}",),
        f"org.opensearch.index.mapper.MapperExtras{_PLUGIN}",
    ),
    Piece(
        "modules/reindex",
        (f"org.opensearch.plugin:reindex-client:{VERSION}",),
        f"org.opensearch.index.reindex.Reindex{_PLUGIN}",
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
    return list(parsed(LOCK.read_text()))


def parsed(text: str) -> Iterator[Jar]:
    """The jars of such a list."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        try:
            sha256, folder, coordinate = line.split()
            group, artifact, version = coordinate.split(":")
        except ValueError:
            raise BenchError(f"{LOCK.name} line {number} is not `SHA256 FOLDER GROUP:ARTIFACT:VERSION`") from None
        yield Jar(sha256, folder, group, artifact, version)
