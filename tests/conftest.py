"""What the product's tests share: an environment without the host's, tiers, closed sockets for unit tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

from testbench import host

host.leave()
os.environ["POWERTOOLS_SERVICE_NAME"] = "checkout-backup"  # read when event_fork.telemetry is imported
os.environ["POWERTOOLS_LOGGER_LOG_EVENT"] = "true"  # no handler obeys it: tests hold that no message is logged

# A property is tried with the same examples in every run; --hypothesis-profile=explore tries others. A deadline on one
# example would fail on a busy machine, not on a wrong result: the time limit of a test is pytest's.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", _ANY_MACHINE)
settings.register_profile("repeatable", _ANY_MACHINE, derandomize=True)
settings.load_profile("repeatable")

TESTS = Path(__file__).parent


def _tier(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by place, so that no test can forget it."""
    for item in items:
        if (tier := _tier(item)) in ("e2e", "terraform"):
            item.add_marker(getattr(pytest.mark, tier))
        elif tier == "conformance":
            item.add_marker(pytest.mark.terraform)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _unit_tests_have_no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the sockets for what lies in tests/unit: it needs nothing but the code it tests."""
    if _tier(request.node) != "unit":
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much of the modules' promises was looked at."""
    if not any(report.nodeid.startswith("tests/terraform/") for report in terminalreporter.getreports("passed")):
        return
    from tests.terraform.changes import ROWS
    from tests.terraform.limits import LIMITS
    from tests.terraform.refusals import REFUSALS

    terminalreporter.write_line(
        f"Terraform modules: {len(REFUSALS)} refused inputs, {len(LIMITS)} planned limits, "
        f"{sum(len(row.modules) for row in ROWS)} changes of inputs against a saved state"
    )
