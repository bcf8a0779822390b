"""End-to-end tests: each applies its configuration to the bench, and none leaves anything behind."""

from collections.abc import Generator

import pytest

from testbench import Bench, BenchError


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure that a part of the bench is dead: then it is the bench's, not the test's."""
    report = yield
    running = getattr(item, "funcargs", {}).get("bench")
    if report.failed and isinstance(running, Bench):
        try:
            running.check()
        except BenchError as error:
            report.sections.append(("bench", str(error)))
    return report
