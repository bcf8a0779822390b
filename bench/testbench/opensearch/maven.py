"""Maven Central through jgo, or the mirror that this machine's Maven settings name in its place."""

import contextlib
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from jgo.maven import MavenContext

from testbench.paths import home

_STANDS_FOR_CENTRAL = {"central", "*", "external:*", "external:http:*"}
_TIMEOUT = 60


def context(repository_cache: Path) -> MavenContext:
    """jgo's access to the repositories, with its downloads in that folder."""
    mirrors = {f"mirror{number}": url for number, url in enumerate(central_mirrors())}
    # remote_repos=None is Maven Central
    return MavenContext(repo_cache=repository_cache, remote_repos=mirrors or None, timeout=_TIMEOUT)


def central_mirrors() -> list[str]:
    """Addresses that settings.xml (the user's, then the installation's) gives as mirror of Maven Central."""
    found: list[str] = []
    for file in _settings_files():
        with contextlib.suppress(OSError, ElementTree.ParseError):
            root = ElementTree.parse(file).getroot()  # noqa: S314 -- the machine's own configuration
            found += [url for mirrored, url in _mirrors(root) if mirrored & _STANDS_FOR_CENTRAL and url not in found]
    return found


def _settings_files() -> Iterator[Path]:
    yield home() / ".m2" / "settings.xml"
    for variable in ("MAVEN_HOME", "M2_HOME"):
        if variable in os.environ:
            yield Path(os.environ[variable]) / "conf" / "settings.xml"
    yield Path("/etc/maven/settings.xml")


def _mirrors(root: ElementTree.Element) -> Iterator[tuple[set[str], str]]:
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        mirrored = {word.strip() for word in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        url = (mirror.findtext("{*}url") or "").strip().rstrip("/")
        blocked = (mirror.findtext("{*}blocked") or "").strip() == "true"
        if url.startswith(("http://", "https://")) and not blocked:
            yield mirrored, url
