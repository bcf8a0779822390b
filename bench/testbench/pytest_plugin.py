"""pytest plugin: the fixture `bench`, and what tests against a bench need around it. Found by its entry point."""

import signal
from collections.abc import Generator, Iterator

import pytest

from testbench import Bench, BenchError, composition
from testbench.paths import RUNS
from testbench.progress import to_stderr

SHARED_BENCH = RUNS / ("tests" if composition.authorise() else "tests-no-auth")
"""All workers of a test run, and test runs side by side, use one bench; the last one to leave stops it.

It enforces IAM and resource policies, so that the roles under test are proven to be enough; BENCH_AUTH=0 turns it off.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker; take Ctrl-C again where it is ignored, as in background jobs: tests send it."""
    config.addinivalue_line("markers", "e2e: needs the bench (python -m testbench up); its fixture brings it up")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the bench, so that no test can forget it."""
    for item in items:
        if "bench" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """The running bench, started by whoever needs it first."""
    with Bench.running(SHARED_BENCH, to_stderr()) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
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
