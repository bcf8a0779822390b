"""The bench's command as a user runs it: `python -m testbench up`, `status`, `env`, `down`, `logs`, `terraform`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from testbench import Bench, BenchError, cli, processes, stack
from testbench.endpoints import Endpoints
from testbench.paths import PROJECT
from testbench.users import Users

pytestmark = [pytest.mark.e2e]


def command(*arguments: str, state: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    argv = [sys.executable, "-m", "testbench", *arguments]
    if state is not None:
        argv += ["--state", str(state)]
    return subprocess.run(
        argv, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=600, check=False
    )


def running(state: Path) -> dict[str, processes.Running]:
    """The parts on record, by name."""
    found = {name: processes.recorded(state, name) for name in stack.recorded_parts(state)}
    return {name: record for name, record in found.items() if record is not None}


def all_ended(records: list[processes.Running], seconds: float) -> bool:
    """Whether none of them runs any more after at most that time."""
    deadline = time.monotonic() + seconds
    while any(record.process() for record in records):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """A bench that `up` started, and what it printed."""
    state = tmp_path_factory.mktemp("state")
    answer = command("up", state=state)
    yield state, answer
    command("down", state=state)


def test_up_shows_progress_per_part_and_ends_with_the_endpoints(
    started: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    state, answer = started
    assert answer.returncode == 0, answer.stderr
    for part in running(state):
        assert any(part in line and "ready after" in line for line in answer.stderr.splitlines())
    found = Endpoints.load(state)
    assert found is not None
    for expected in (found.aws_endpoint_url, found.opensearch_url, found.powertools_layer_arn, "eval "):
        assert expected
        assert expected in answer.stdout


def test_every_part_listens_on_loopback_only(started: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    addresses = set()
    for record in running(started[0]).values():
        process = record.process()
        assert process is not None
        for member in [process, *process.children(recursive=True)]:
            listening = [c for c in member.net_connections("inet") if c.status == psutil.CONN_LISTEN]
            addresses |= {connection.laddr.ip for connection in listening}
    assert addresses
    assert addresses <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_status_shows_health_pid_memory_and_port_of_every_part(
    started: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    state, _ = started
    answer = command("status", state=state)
    assert answer.returncode == 0, answer.stderr
    rows = {line.split()[0]: line.split() for line in answer.stdout.splitlines()}
    for name, record in running(state).items():
        assert rows[name][1:4] == ["healthy", str(record.pid), str(record.port)]
        assert rows[name][5] == "MiB"


def test_a_shell_that_evaluates_env_talks_to_the_bench(started: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    state, _ = started
    script = f"""
        eval "$({sys.executable} -m testbench env --state {state})"
        {sys.executable} -c 'import boto3; print(boto3.client("sts").get_caller_identity()["Account"])'
    """
    answer = subprocess.run(["bash", "-ec", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "000000000000", answer.stderr


def test_up_twice_leaves_the_running_bench_as_it_is(started: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    state, _ = started
    before = running(state)
    answer = command("up", state=state)
    assert answer.returncode == 0, answer.stderr
    assert "is running already" in answer.stderr
    assert running(state) == before


def test_logs_prints_the_end_of_a_parts_log(started: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    state, _ = started
    answer = command("logs", "opensearch", "-n", "3", state=state)
    assert "opensearch.log" in answer.stdout
    assert len(answer.stdout.splitlines()) == 4
    assert command("logs", "nonsense", state=state).returncode == 1


def test_leaving_a_bench_that_up_started_does_not_stop_it(
    started: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    state, _ = started
    before = running(state)
    with Bench.running(state) as bench:
        assert bench.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert running(state) == before
    bench.check()


def test_a_killed_part_is_named_with_its_log_and_up_brings_the_bench_back(tmp_path: Path) -> None:
    assert command("up", state=tmp_path).returncode == 0
    try:
        victim = running(tmp_path)["opensearch"].process()
        assert victim is not None
        victim.kill()
        victim.wait(60)
        status = command("status", state=tmp_path)
        assert status.returncode == 1
        assert "opensearch is not running (died)" in status.stderr
        last_line = processes.log_tail(tmp_path, "opensearch", 1).strip()
        assert last_line
        assert last_line in status.stderr
        again = command("up", state=tmp_path)
        assert again.returncode == 0, again.stderr
        assert command("status", state=tmp_path).returncode == 0
    finally:
        down = command("down", state=tmp_path)
    assert "opensearch" in down.stdout
    assert running(tmp_path) == {}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_start_that_is_cut_off_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    argv = [sys.executable, "-m", "testbench", "up", "--state", str(tmp_path)]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as start:
        deadline = time.monotonic() + 180
        while len(records := running(tmp_path)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(records) >= 2
        start.send_signal(number)
        assert start.wait(180) != 0
    assert all_ended(list(records.values()), seconds=60)
    assert Endpoints.load(tmp_path) is None


def arguments(process: psutil.Process) -> list[str]:
    """The process's command line, [] when it is gone."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_installation_that_is_interrupted_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """By an index and a Maven mirror that take every connection and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = tmp_path / "home" / ".m2" / "settings.xml"
        settings.parent.mkdir(parents=True)
        mirror = f"<mirror><mirrorOf>central</mirrorOf><url>{address}</url></mirror>"
        settings.write_text(f"<settings><mirrors>{mirror}</mirrors></settings>")
        environment = {**os.environ, "BENCH_PROJECT": str(tmp_path), "HOME": str(tmp_path / "home")}
        environment |= {"PIP_INDEX_URL": f"{address}/simple", "PIP_CONFIG_FILE": os.devnull}
        argv = [sys.executable, "-m", "testbench", "up"]
        with subprocess.Popen(argv, cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as start:
            silent.settimeout(300)
            connections = [silent.accept()[0]]
            family = psutil.Process(start.pid).children(recursive=True)
            while not any({"pip", "install"} <= set(arguments(member)) for member in family):
                connections.append(silent.accept()[0])
                family = psutil.Process(start.pid).children(recursive=True)
            start.send_signal(number)
            assert start.wait(30) != 0  # pip's and Maven's own patience is longer
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []
    assert not list((tmp_path / ".bench").rglob(".complete"))
    assert not list((tmp_path / ".bench").rglob("*.pid"))


def test_down_ends_nothing_that_this_bench_did_not_start(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        record = f'{{"part": "ministack", "pid": {stranger.pid}, "started": 1000.0, "port": 1, "argv": ["x"]}}'
        processes.pid_file(tmp_path, "ministack").write_text(record)
        answer = command("down", state=tmp_path)
        assert answer.returncode == 0
        assert "no bench was running" in answer.stdout
        assert stranger.poll() is None
        stranger.kill()


def test_down_all_stops_the_benches_that_no_process_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "RUNS", tmp_path)
    sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
    records = {}
    for name in ("used", "idle"):
        (tmp_path / name).mkdir()
        records[name] = processes.start("ministack", sleeps, os.environ, tmp_path / name, 1).running
    Users(tmp_path / "used").enter()
    with pytest.raises(BenchError, match=rf"used by process {os.getpid()}"):
        cli.down(everything=True)
    assert [name for name, record in records.items() if record.process()] == ["used"]
    processes.stop(tmp_path / "used", "ministack")


@pytest.mark.parametrize("name", ["status", "env"])
def test_without_a_bench_the_command_says_how_to_start_one(tmp_path: Path, name: str) -> None:
    answer = command(name, state=tmp_path)
    assert answer.returncode == 1
    assert "testbench up" in answer.stderr


@pytest.mark.parametrize(
    ("arrange", "name", "said"),
    [
        (lambda state: (state / "endpoints.json").write_text('{"backend": '), "status", "is not what this version"),
        (lambda state: (state / "endpoints.json").write_text('{"of": "later"}'), "env", "is not what this version"),
        (lambda state: (state / "ministack.pid").write_text("4711"), "down", "is no PID file of a bench"),
        (lambda state: (state / "mine.txt").write_text("mine"), "up", "is not a bench's folder"),
    ],
)
def test_a_folder_in_a_state_that_no_bench_left_is_an_error_of_one_line(
    tmp_path: Path, arrange: Callable[[Path], Any], name: str, said: str
) -> None:
    arrange(tmp_path)
    answer = command(name, state=tmp_path)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_state_that_is_a_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    answer = command("up", state=file)
    assert answer.returncode == 1
    assert answer.stderr == f"error: File exists: {file}\n"


def test_an_emulator_that_already_runs_is_used_in_the_place_of_ministack(bench: Bench, tmp_path: Path) -> None:
    theirs = bench.endpoints.aws_endpoint_url
    answer = command("up", state=tmp_path, LOCALSTACK_ENDPOINT=theirs)
    try:
        assert answer.returncode == 0, answer.stderr
        assert "ministack" not in running(tmp_path)
        found = Endpoints.load(tmp_path)
        assert found is not None
        assert (found.backend, found.aws_endpoint_url) == ("localstack", theirs)
        status = command("status", state=tmp_path)  # what was started, not what this shell would start
        assert status.returncode == 0, status.stderr
        assert "ministack" not in status.stdout
        assert command("env", state=tmp_path).returncode == 0
    finally:
        command("down", state=tmp_path, LOCALSTACK_ENDPOINT=theirs)
    bench.check()


def test_an_endpoint_that_does_not_answer_is_named(tmp_path: Path) -> None:
    answer = command("up", state=tmp_path, LOCALSTACK_ENDPOINT="http://127.0.0.1:1")
    assert answer.returncode == 1
    assert "LOCALSTACK_ENDPOINT: nothing healthy answers at http://127.0.0.1:1" in answer.stderr


def test_terraform_runs_with_its_own_exit_code_and_output() -> None:
    good = command("terraform", "version")
    assert (good.returncode, good.stdout.startswith("Terraform v")) == (0, True)
    assert command("terraform", "no-such-command").returncode == 1


INTERRUPTED = """
import runpy, sys

class WhileLoading:
    @staticmethod
    def find_spec(name, *_):
        if name in ("testbench.cli", "local_firehose.cli"):
            raise KeyboardInterrupt

sys.meta_path.insert(0, WhileLoading)
runpy.run_module(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize("module", ["testbench", "local_firehose"])
def test_ctrl_c_while_a_command_loads_ends_it_without_a_traceback(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, module], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
