"""What all tests share: which tier a test belongs to, closed sockets for unit tests, and the bench."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_socket

from testbench import Bench
from testbench.paths import RUNS
from testbench.progress import to_stderr

# Powertools reads it when telemetry.py is imported, so it is there before any test module is.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "checkout-backup")

# A deadline on one example fails on a busy machine, not on a wrong result; the time limit of a test is pytest's.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")

TESTS = Path(__file__).parent
AUTHORISE = os.environ.get("BENCH_AUTH", "") == "1"
"""BENCH_AUTH=1 runs the end-to-end tests on a bench that enforces IAM and resource policies."""
SHARED_BENCH = RUNS / ("tests-auth" if AUTHORISE else "tests")
"""All workers of a test run, and test runs side by side, use one bench; the last one to leave stops it."""


def _tier(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""


def pytest_configure() -> None:
    """Take Ctrl-C again where it is ignored, as in a shell's background jobs: tests send it to what they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by place and by need, so that no test can forget it."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if _tier(item) == "e2e" or "bench" in fixtures:
            item.add_marker(pytest.mark.e2e)
        if _tier(item) == "terraform":
            item.add_marker(pytest.mark.terraform)


@pytest.fixture(autouse=True)
def _unit_tests_have_no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the sockets for what lies in tests/unit: it needs nothing but the code it tests."""
    if _tier(request.node) != "unit":
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """The running bench, started by whoever needs it first."""
    with Bench.running(SHARED_BENCH, to_stderr(), authorise=AUTHORISE) as running:
        yield running
