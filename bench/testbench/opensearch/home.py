"""The node's home folder (lib/, modules/, config/), put together once from the locked jars."""

import hashlib
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

from testbench.errors import BenchError, PrerequisiteError
from testbench.installing import go_on
from testbench.once import once
from testbench.opensearch import IS_3, VERSION, VERSIONS, maven
from testbench.opensearch.distribution import LIB, LOCK, PIECES, Jar, Piece, locked
from testbench.paths import CACHE
from testbench.progress import Say
from testbench.pythons import fingerprint

_DOWNLOADS = 8
_LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.node.name = org.opensearch.node.Node
logger.node.level = info
logger.http.name = org.opensearch.http
logger.http.level = info
"""
"""To standard output, which is the part's log file; OpenSearch demands that the file exists."""


def prepare(say: Say) -> Path:
    """The home, made when it is not there. Raises `BenchError` when a jar cannot be had or is not the locked one."""
    if VERSION not in VERSIONS:
        known = " or ".join(VERSIONS)
        raise PrerequisiteError(f"BENCH_OPENSEARCH must be {known}, for example {VERSIONS[0]}; received {VERSION!r}")
    home = CACHE / "opensearch" / VERSION / fingerprint(LOCK.read_bytes(), _LOGGING, repr(PIECES))

    def make() -> None:
        shutil.rmtree(home, ignore_errors=True)
        jars = locked()
        say("opensearch", f"fetching the {len(jars)} jars of OpenSearch {VERSION} from Maven Central (once)")
        fetch(jars, home)
        for piece in PIECES:
            if piece.folder != LIB:
                (home / piece.folder / "plugin-descriptor.properties").write_text(_descriptor(piece))
        (home / "config").mkdir()
        (home / "config" / "log4j2.properties").write_text(_LOGGING)
        (home / "plugins").mkdir()

    once(home, make)
    return home


def fetch(jars: Iterable[Jar], home: Path) -> None:
    """Put the jars into a folder. Raises `BenchError` when one cannot be had or is not the locked one."""
    scratch = home / "downloads"
    context = maven.context(scratch)
    with ThreadPoolExecutor(max_workers=_DOWNLOADS) as pool:
        for done in [pool.submit(_fetch_one, jar, home, context) for jar in jars]:
            done.result()
    shutil.rmtree(scratch)


def _fetch_one(jar: Jar, home: Path, context: MavenContext) -> None:
    go_on()
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        downloaded = artifact.resolve()
    except Exception as error:  # jgo raises RuntimeError, requests its own: all mean that the jar cannot be had
        raise PrerequisiteError(f"cannot fetch {jar.group}:{jar.artifact}:{jar.version}: {error}") from error
    found = hashlib.sha256(downloaded.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise BenchError(
            f"{jar.file_name} is not the locked one: its SHA-256 is {found}, {LOCK.name} says {jar.sha256}"
        )
    target = home / jar.folder / jar.file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    downloaded.replace(target)


def _descriptor(piece: Piece) -> str:
    name = piece.folder.rpartition("/")[2]
    return (
        f"name={name}\ndescription={name}\nversion={VERSION}\nclassname={piece.plugin_class}\n"
        f"java.version={21 if IS_3 else 11}\nopensearch.version={VERSION}\n"
    )
