"""Starting parts together: all or none, with other ports when one is taken. The parts are small web servers."""

import os
import socket
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from testbench import ports, processes, stack
from testbench.endpoints import Endpoints
from testbench.errors import BenchError, PartDiedError
from testbench.parts import Command, answers
from testbench.progress import Say, quiet

SERVES = """
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
server.serve_forever()
"""
DIES = "import sys; print('first'); print('no space left on device'); sys.exit(3)"
NOTHING = Endpoints("ministack", "", "", "")


@dataclass
class WebServer:
    """A part that serves its folder, or runs another script."""

    name: str
    script: str = SERVES
    squatter: socket.socket | None = None
    asked: list[int] = field(default_factory=list)
    told: list[Endpoints] = field(default_factory=list)

    def install(self, say: Say) -> None:
        say(self.name, "nothing to install")

    def command(self, port: int, endpoints: Endpoints, state: Path) -> Command:
        self.asked.append(port)
        self.told.append(endpoints)
        if self.squatter is not None and len(self.asked) == 1:
            self.squatter.bind((ports.LOOPBACK, port))  # somebody is faster
            self.squatter.listen()
        return Command([sys.executable, "-c", self.script, str(port)], dict(os.environ))

    def ready(self, port: int) -> bool:
        return answers(f"http://{ports.LOOPBACK}:{port}/")


def test_all_parts_run_and_their_addresses_are_known(tmp_path: Path) -> None:
    parts = [WebServer("ministack"), WebServer("opensearch")]
    found = stack.start(parts, tmp_path, NOTHING, quiet)
    try:
        assert answers(found.aws_endpoint_url)
        assert answers(found.opensearch_url)
        assert [health.state for health in stack.health(parts, tmp_path)] == ["healthy", "healthy"]
    finally:
        assert sorted(stack.stop(["ministack", "opensearch"], tmp_path)) == ["ministack", "opensearch"]


def test_a_part_that_dies_is_named_with_the_end_of_its_log_and_takes_the_others_with_it(tmp_path: Path) -> None:
    parts = [WebServer("ministack"), WebServer("opensearch", DIES)]
    with pytest.raises(PartDiedError, match="no space left on device") as raised:
        stack.start(parts, tmp_path, NOTHING, quiet)
    assert str(raised.value).startswith("opensearch ended before it was ready")
    assert [health.state for health in stack.health(parts, tmp_path)] == ["stopped", "stopped"]
    assert list(tmp_path.glob("*.pid")) == []


def test_a_part_whose_port_was_taken_meanwhile_is_started_on_another(tmp_path: Path) -> None:
    said: list[str] = []
    with socket.socket() as squatter:
        part = WebServer("ministack", squatter=squatter)
        stack.start([part], tmp_path, NOTHING, lambda name, message: said.append(message))
        stack.stop(["ministack"], tmp_path)
    assert len(part.asked) == 2
    assert any("another process took its port" in message for message in said)


def test_a_part_that_never_gets_ready_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "SECONDS_TO_GET_READY", 0.5)
    part = WebServer("ministack", "import time; time.sleep(600)")
    with pytest.raises(PartDiedError, match="ministack was not ready"):
        stack.start([part], tmp_path, NOTHING, quiet)
    assert processes.recorded(tmp_path, "ministack") is None


def test_an_answer_of_another_process_does_not_make_a_part_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "SECONDS_TO_GET_READY", 1.0)
    part = WebServer("ministack", "import time; time.sleep(600)")
    monkeypatch.setattr(part, "ready", lambda port: True)
    with pytest.raises(PartDiedError, match="was not ready"):
        stack.start([part], tmp_path, NOTHING, quiet)


def test_a_part_that_was_killed_is_seen_as_died(tmp_path: Path) -> None:
    part = WebServer("ministack")
    stack.start([part], tmp_path, NOTHING, quiet)
    running = processes.recorded(tmp_path, "ministack")
    assert running is not None
    process = running.process()
    assert process is not None
    process.kill()
    process.wait()
    [health] = stack.health([part], tmp_path)
    assert (health.state, health.healthy) == ("died", False)
    assert stack.stop(["ministack"], tmp_path) == []


def test_a_part_that_was_killed_starts_again_on_its_port_with_its_folder_and_other_addresses(tmp_path: Path) -> None:
    part = WebServer("ministack")
    found = stack.start([part], tmp_path, NOTHING, quiet)
    try:
        (tmp_path / "data").write_text("kept")
        with pytest.raises(BenchError, match="cannot be started again: it runs"):
            stack.start_again(part, tmp_path, found)
        processes.kill(tmp_path, "ministack")
        assert not answers(found.aws_endpoint_url)
        with pytest.raises(BenchError, match="cannot be killed: it is not running"):
            processes.kill(tmp_path, "ministack")

        stack.start_again(part, tmp_path, replace(found, opensearch_url="http://127.0.0.1:1"))

        assert answers(found.aws_endpoint_url)
        assert len(set(part.asked)) == 1
        assert part.told[-1].opensearch_url == "http://127.0.0.1:1"
        assert (tmp_path / "data").read_text() == "kept"
    finally:
        assert stack.stop(["ministack"], tmp_path) == ["ministack"]


def test_a_part_that_does_not_start_again_leaves_nothing(tmp_path: Path) -> None:
    part = WebServer("ministack")
    found = stack.start([part], tmp_path, NOTHING, quiet)
    processes.kill(tmp_path, "ministack")
    part.script = DIES
    with pytest.raises(PartDiedError, match="no space left on device"):
        stack.start_again(part, tmp_path, found)
    assert processes.recorded(tmp_path, "ministack") is None


def test_a_folder_that_holds_something_else_is_never_emptied(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    with pytest.raises(BenchError, match=r"is not a bench's folder.*it holds thesis\.txt\. Give --state"):
        stack.claim(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_was_a_benchs_once_may_be_used_again(tmp_path: Path) -> None:
    stack.claim(tmp_path)
    (tmp_path / "ministack.log").write_text("of the last run")
    stack.claim(tmp_path)
