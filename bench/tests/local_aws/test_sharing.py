"""Several processes on one bench, as the workers of a test run: the last one stops it, a dead one does not keep it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from testbench import Bench, BenchError, processes, stack
from testbench.paths import PROJECT

pytestmark = [pytest.mark.e2e]

JOINS = """
import sys
from pathlib import Path
from testbench import Bench
with Bench.running(Path(sys.argv[1])) as bench:
    print(bench.client("sts").get_caller_identity()["Account"], flush=True)
    sys.stdin.readline()
"""


def pids(state: Path) -> set[int]:
    """Processes of the bench that run."""
    found = [processes.recorded(state, name) for name in stack.recorded_parts(state)]
    return {record.pid for record in found if record is not None and record.process() is not None}


def test_the_last_process_to_leave_stops_the_bench(tmp_path: Path) -> None:
    with Bench.running(tmp_path) as bench:
        started = pids(tmp_path)
        argv = [sys.executable, "-c", JOINS, str(tmp_path)]
        other = subprocess.run(argv, cwd=PROJECT, input="\n", capture_output=True, text=True, check=True, timeout=600)
        assert other.stdout.strip() == "000000000000"
        assert pids(tmp_path) == started
        bench.check()
    assert pids(tmp_path) == set()
    with pytest.raises(BenchError, match="no bench runs"):
        Bench.attach(tmp_path)


def test_what_a_killed_test_run_left_is_replaced_by_a_fresh_bench(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", JOINS, str(tmp_path)]
    with subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == "000000000000"
        left_behind = pids(tmp_path)
        worker.send_signal(signal.SIGKILL)
    assert pids(tmp_path) == left_behind
    with Bench.running(tmp_path) as bench:
        assert not pids(tmp_path) & left_behind
        bench.check()
    assert pids(tmp_path) == set()
