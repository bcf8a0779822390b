"""What all tests share: an environment of their own, tiers, closed sockets for unit tests, and the bench."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

from testbench import Bench, composition
from testbench.paths import RUNS
from testbench.progress import to_stderr

OF_THE_HOST = ("AWS_", "POWERTOOLS_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_VAR_", "TF_WORKSPACE")
"""Beginnings of the names of variables that would reach the code under test: an account, how terraform is run."""
OF_THE_TERMINAL = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE")
"""What rich and typer print by."""
LOOPBACK = "127.0.0.1,localhost"


def _leave_the_host() -> None:
    """Before a test module is imported: nothing that shell and user's files say of AWS, terraform and terminal."""
    for name in [name for name in os.environ if name.startswith(OF_THE_HOST)] + [*OF_THE_TERMINAL]:
        os.environ.pop(name, None)
    os.environ |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("NO_PROXY", "no_proxy"):  # pip may need the proxy, what runs on this machine does not
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), LOOPBACK)))
    # Powertools reads it when telemetry.py is imported.
    os.environ["POWERTOOLS_SERVICE_NAME"] = "checkout-backup"


_leave_the_host()

# A property is tried with the same examples in every run; --hypothesis-profile=explore tries others. A deadline on one
# example would fail on a busy machine, not on a wrong result: the time limit of a test is pytest's.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", _ANY_MACHINE)
settings.register_profile("repeatable", _ANY_MACHINE, derandomize=True)
settings.load_profile("repeatable")

TESTS = Path(__file__).parent
SHARED_BENCH = RUNS / ("tests" if composition.authorise() else "tests-no-auth")
"""All workers of a test run, and test runs side by side, use one bench; the last one to leave stops it.

It enforces IAM and resource policies, so that the modules' roles are proven to be enough; BENCH_AUTH=0 turns that off.
"""


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
    with Bench.running(SHARED_BENCH, to_stderr()) as running:
        yield running
