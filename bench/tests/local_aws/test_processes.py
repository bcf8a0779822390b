"""Which processes the bench may end, and who uses a bench."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from testbench import lease, ports, processes
from testbench.errors import BenchError
from testbench.paths import PROJECT
from testbench.polling import eventually
from testbench.users import Users

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
UNDER_LEASE = f"from testbench import lease; lease.watch(); {SLEEPS}"


def gone(pid: int, seconds: float = 60.0) -> bool:
    """Whether the process ends within that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is nobody's business here."""
    with subprocess.Popen([sys.executable, "-c", SLEEPS]) as process:
        yield process
        process.kill()


def test_a_started_process_is_on_record_and_ended_by_it(tmp_path: Path) -> None:
    started = processes.start("part", [sys.executable, "-c", SLEEPS], os.environ, tmp_path, 1)
    started.keep()
    assert processes.recorded(tmp_path, "part") == started.running
    assert processes.stop(tmp_path, "part") is True
    assert gone(started.running.pid)
    assert not processes.pid_file(tmp_path, "part").exists()


def test_a_started_process_finds_the_benchs_own_packages_and_nothing_installed_beside_them(tmp_path: Path) -> None:
    script = "import os; print(sorted(os.listdir())); import testbench.lease, local_firehose.client; print('found')"
    isolated = [sys.executable, "-S", "-c", script]  # an interpreter that has nothing installed
    started = processes.start("part", isolated, {"PATH": os.environ["PATH"]}, tmp_path, 1)
    assert gone(started.running.pid)
    assert processes.log_tail(tmp_path, "part").split("\n") == ["  ['local_firehose', 'testbench']", "  found"]


def test_a_process_that_another_one_started_is_ended_without_waiting_for_that_one(tmp_path: Path) -> None:
    starter = (
        "import os, sys, time; from pathlib import Path; from testbench import processes; "
        f"p = processes.start('part', [sys.executable, '-c', {SLEEPS!r}], os.environ, Path({str(tmp_path)!r}), 1);"
        "p.keep(); print('started', flush=True); time.sleep(600)"  # never takes note that its child ended
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        assert processes.stop(tmp_path, "part") is True
        assert time.monotonic() - began < processes.SECONDS_TO_STOP
        process.kill()


def test_what_the_process_started_is_ended_too(tmp_path: Path) -> None:
    nested = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]); p.wait()"
    started = processes.start("part", [sys.executable, "-c", nested], os.environ, tmp_path, 1)
    deadline = time.monotonic() + 60
    while not (children := psutil.Process(started.running.pid).children()) and time.monotonic() < deadline:
        time.sleep(0.05)
    processes.stop(tmp_path, "part")
    assert [gone(child.pid) for child in children] == [True]


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "SECONDS_TO_STOP", 0.5)
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"
    started = processes.start("part", [sys.executable, "-c", stubborn], os.environ, tmp_path, 1)
    deadline = time.monotonic() + 60
    while "up" not in processes.log_tail(tmp_path, "part") and time.monotonic() < deadline:
        time.sleep(0.05)
    processes.stop(tmp_path, "part")
    assert gone(started.running.pid)


def test_a_stranger_that_has_the_recorded_pid_now_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = f'{{"part": "part", "pid": {stranger.pid}, "started": 1000.0, "port": 1, "argv": ["x"]}}'
    processes.pid_file(tmp_path, "part").write_text(record)
    assert processes.stop(tmp_path, "part") is False
    assert stranger.poll() is None
    assert not processes.pid_file(tmp_path, "part").exists()


def test_a_process_on_probation_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    starter = (
        "import os, sys, time; from pathlib import Path; from testbench import processes; "
        f"p = processes.start('part', [sys.executable, '-c', {UNDER_LEASE!r}], os.environ, Path({str(tmp_path)!r}), 1);"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], cwd=PROJECT) as process:
        deadline = time.monotonic() + 60
        while "up" not in processes.log_tail(tmp_path, "part") and time.monotonic() < deadline:
            time.sleep(0.05)
        started = processes.recorded(tmp_path, "part")
        assert started is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert gone(started.pid)
    assert "the command that was starting this process is gone" in processes.log_tail(tmp_path, "part")


def test_a_kept_process_outlives_the_lease(tmp_path: Path) -> None:
    started = processes.start("part", [sys.executable, "-c", UNDER_LEASE], os.environ, tmp_path, 1)
    started.keep()
    assert not gone(started.running.pid, seconds=1.0)
    processes.stop(tmp_path, "part")


def test_the_lease_is_not_left_in_the_environment_of_later_children(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setenv(lease.VARIABLE, str(read))
    lease.watch()
    assert lease.VARIABLE not in os.environ
    os.write(write, lease.KEEP)
    os.close(write)


def test_only_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    processes.log_file(tmp_path, "part").write_text("\n".join(str(number) for number in range(100)))
    assert processes.log_tail(tmp_path, "part", lines=2) == "  98\n  99"
    assert processes.log_tail(tmp_path, "other") == ""


def test_chosen_ports_are_free_and_different() -> None:
    chosen = ports.choose(["emulator", "firehose", "opensearch"])
    assert len(set(chosen.values())) == 3
    assert all(ports.is_free(port) for port in chosen.values())


def test_a_part_gets_the_port_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = ports.choose(["firehose"]).values()
    monkeypatch.setenv("BENCH_FIREHOSE_PORT", str(port))
    for _ in range(3):
        chosen = ports.choose(["emulator", "firehose"])
        assert chosen["firehose"] == port != chosen["emulator"]


@pytest.mark.parametrize("given", ["0", "65536", "x", "-1", "4570.0"])
def test_what_is_no_port_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BENCH_FIREHOSE_PORT", given)
    with pytest.raises(BenchError, match=f"BENCH_FIREHOSE_PORT must be a port .* such as 4570, it is '{given}'"):
        ports.choose(["firehose"])


def test_a_port_that_is_asked_for_and_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("BENCH_FIREHOSE_PORT", str(port))
        with pytest.raises(BenchError, match=f"BENCH_FIREHOSE_PORT={port}: another process or part listens there"):
            ports.choose(["firehose"])


def test_two_parts_cannot_have_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = ports.choose(["firehose"]).values()
    for part in ("FIREHOSE", "OPENSEARCH"):
        monkeypatch.setenv(f"BENCH_{part}_PORT", str(port))
    with pytest.raises(BenchError, match="another process or part"):
        ports.choose(["firehose", "opensearch"])


def test_a_port_that_something_listens_on_is_not_free() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_user_that_died_without_leaving_does_not_count(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.enter()
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        pass
    (tmp_path / "users" / str(process.pid)).write_text("1000.0")
    assert users.present() == [os.getpid()]


def test_a_user_that_entered_twice_has_to_leave_twice(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.enter()
    users.enter()
    users.leave()
    assert users.present() == [os.getpid()]
    users.leave()
    assert users.present() == []


def test_a_user_that_was_killed_while_it_entered_counts_as_gone(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / str(os.getpid())).touch()
    assert Users(tmp_path).present() == []
    assert list((tmp_path / "users").iterdir()) == []


def test_the_processes_that_a_part_started_are_found_by_a_variable(tmp_path: Path) -> None:
    nested = (
        "import os, subprocess, sys; "
        f"[subprocess.Popen([sys.executable, '-c', {SLEEPS!r}], env={{'NAME': name}}) for name in 'ab']; "
        "import time; time.sleep(600)"
    )
    started = processes.start("part", [sys.executable, "-c", nested], os.environ, tmp_path, 1)
    try:
        family = psutil.Process(started.running.pid)
        eventually(lambda: len(family.children()), lambda count: count == 2, within=60, what="both children run")

        def found() -> list[int]:
            return [one.pid for one in processes.with_variable(tmp_path, "part", "NAME", "b")]

        (one,) = eventually(found, bool, within=60, what="it has its own environment")
        assert one in [child.pid for child in family.children()]
        assert processes.with_variable(tmp_path, "part", "NAME", "c") == []
    finally:
        processes.stop(tmp_path, "part")
    assert processes.with_variable(tmp_path, "part", "NAME", "b") == []
