"""Where the node's jars come from, and that only the locked ones are used."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from testbench.errors import BenchError, PrerequisiteError
from testbench.opensearch import VERSION, distribution, home, maven
from testbench.opensearch.distribution import LIB, PIECES, Jar
from testbench.progress import quiet


def settings_xml(folder: Path, mirrors: str) -> None:
    """A user's Maven settings."""
    (folder / ".m2").mkdir()
    (folder / ".m2" / "settings.xml").write_text(
        f'<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors>{mirrors}</mirrors></settings>'
    )


@pytest.fixture(autouse=True)
def own_maven_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the settings that the test writes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MAVEN_HOME", raising=False)
    monkeypatch.delenv("M2_HOME", raising=False)
    user_only = [tmp_path / ".m2" / "settings.xml"]
    monkeypatch.setattr(maven, "_settings_files", lambda: iter(user_only))


def test_without_settings_there_is_no_mirror() -> None:
    assert maven.central_mirrors() == []


def test_a_mirror_of_central_in_settings_xml_is_used(tmp_path: Path) -> None:
    settings_xml(tmp_path, "<mirror><mirrorOf>central</mirrorOf><url>https://maven.example/all/</url></mirror>")
    assert maven.central_mirrors() == ["https://maven.example/all"]
    assert maven.context(tmp_path).remote_repos == {"mirror0": "https://maven.example/all"}


def test_mirrors_of_other_repositories_and_blocked_ones_are_not(tmp_path: Path) -> None:
    other = "<mirror><mirrorOf>snapshots</mirrorOf><url>https://other.example</url></mirror>"
    blocked = "<mirror><mirrorOf>*</mirrorOf><url>http://0.0.0.0/</url><blocked>true</blocked></mirror>"
    settings_xml(tmp_path, other + blocked)
    assert maven.central_mirrors() == []


def test_every_piece_has_its_own_jar_in_the_lock_and_no_jar_is_twice_in_reach() -> None:
    jars = distribution.locked()
    for piece in PIECES:
        group, artifact, version = piece.coordinates[0].split(":")
        own = [jar for jar in jars if (jar.group, jar.artifact, jar.version) == (group, artifact, version)]
        assert [jar.folder for jar in own] == [piece.folder]
    in_lib = {jar.artifact for jar in jars if jar.folder == LIB}
    assert not in_lib & {jar.artifact for jar in jars if jar.folder != LIB}
    assert len({str(jar) for jar in jars}) == len(jars)


def test_the_lock_is_of_the_version_that_the_bench_claims() -> None:
    assert [jar.version for jar in distribution.locked() if jar.artifact == "opensearch"] == [VERSION]


class Repository:
    """Stands for jgo's access: gives the same bytes for every jar."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self._file = folder / "downloaded.jar"
        self._file.write_bytes(content)

    def project(self, group: str, artifact: str) -> "Repository":
        return self

    def at_version(self, version: str) -> "Repository":
        return self

    def artifact(self) -> SimpleNamespace:
        return SimpleNamespace(resolve=lambda: self._file)


def test_a_jar_with_another_checksum_is_refused_by_name(tmp_path: Path) -> None:
    jar = Jar(hashlib.sha256(b"the locked one").hexdigest(), LIB, "org.example", "thing", "1")
    with pytest.raises(BenchError, match=r"thing-1\.jar is not the locked one"):
        home._fetch_one(jar, tmp_path / "home", Repository(tmp_path, b"another one"))  # type: ignore[arg-type]
    assert not (tmp_path / "home").exists()


def test_the_locked_jar_lands_in_its_folder(tmp_path: Path) -> None:
    jar = Jar(hashlib.sha256(b"the locked one").hexdigest(), "modules/m", "org.example", "thing", "1")
    home._fetch_one(jar, tmp_path / "home", Repository(tmp_path, b"the locked one"))  # type: ignore[arg-type]
    assert (tmp_path / "home" / "modules" / "m" / "thing-1.jar").read_bytes() == b"the locked one"


def test_a_version_that_nobody_locked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "VERSION", "1.3.0")
    with pytest.raises(
        PrerequisiteError, match=r"must be 2\.19\.4 or 3\.9\.0, for example 2\.19\.4; received '1\.3\.0'"
    ):
        home.prepare(quiet)
