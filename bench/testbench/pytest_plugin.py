"""pytest plugin, found by its entry point: a running bench, Terraform applied to it, publishing, waiting.

    def test_billing_gets_the_orders_that_are_paid(bench, applied, publish, eventually):
        found = applied("infra", name="shop").output()
        publish(found["topic_arn"], "o-2", event_type="order.paid")
        eventually(lambda: waiting(bench, found["queue_url"]), lambda number: number == 1, within=60, what="an order")

Everything heavy is imported by the fixtures: the plugin is loaded in every test run of the virtualenv.
"""

import json
import signal
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from testbench import Bench, Workspace

Applied = Callable[..., "Workspace"]
Publish = Callable[..., str]
Eventually = Callable[..., Any]


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker; take Ctrl-C again where it is ignored, as in background jobs: tests send it."""
    config.addinivalue_line("markers", "e2e: needs the bench (python -m testbench up); its fixture brings it up")
    config.addinivalue_line(
        "markers", "needs(ability, ...): skipped where the bench lacks it (bench/docs/localstack.md)"
    )
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the bench, so that no test can forget it; skip what its backend cannot do, and say why."""
    for item in items:
        if "bench" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)
        for needed in item.iter_markers("needs"):
            for ability in needed.args:
                if reason := _lacking().get(ability):
                    item.add_marker(pytest.mark.skip(reason=f"needs {ability}: {reason}"))


@cache
def _lacking() -> dict[str, str]:
    from testbench import BenchError, composition

    try:
        return composition.lacking()
    except BenchError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def bench() -> Iterator["Bench"]:
    """The running bench, started by whoever needs it first.

    All workers of a test run, and test runs side by side, use one bench; the last one to leave stops it. It enforces
    IAM and resource policies, so that the roles under test are proven to be enough; BENCH_AUTH=0 turns it off.
    """
    from testbench import Bench, composition
    from testbench.progress import to_stderr

    with Bench.running(composition.tests_state(), to_stderr()) as running:
        yield running


@pytest.fixture(scope="module")
def applied(bench: "Bench") -> Iterator[Applied]:
    """applied(FOLDER, **variables): that Terraform configuration, applied to the bench, as a `Workspace`.

    FOLDER is relative to the project's folder, or absolute. At the end of the module everything is destroyed, also what
    an apply that failed has left.
    """
    from testbench.paths import PROJECT

    with ExitStack() as stack:

        def apply(folder: str | Path, **variables: Any) -> "Workspace":
            place = (PROJECT / folder).resolve()
            if place.is_relative_to(PROJECT):
                workspace = bench.workspace(PROJECT, str(place.relative_to(PROJECT)), variables)
            else:
                workspace = bench.workspace(place, ".", variables)
            stack.callback(workspace.remove)
            stack.callback(workspace.destroy)
            workspace.apply()
            return workspace

        yield apply


@pytest.fixture(scope="session")
def publish(bench: "Bench") -> Publish:
    """publish(TOPIC_ARN, MESSAGE, **attributes): the message id. What is no text becomes JSON.

    An attribute of type str is published as String, int and float as Number, a list as String.Array, bytes as Binary.
    """
    sns = bench.client("sns")

    def publish(topic_arn: str, message: object, **attributes: object) -> str:
        text = message if isinstance(message, str) else json.dumps(message)
        typed = {name: _attribute(value) for name, value in attributes.items()}
        return str(sns.publish(TopicArn=topic_arn, Message=text, MessageAttributes=typed)["MessageId"])

    return publish


def _attribute(value: object) -> Mapping[str, object]:
    match value:
        case bytes():
            return {"DataType": "Binary", "BinaryValue": value}
        case list():
            return {"DataType": "String.Array", "StringValue": json.dumps(value)}
        case bool() | str():
            return {"DataType": "String", "StringValue": json.dumps(value) if isinstance(value, bool) else value}
        case int() | float():
            return {"DataType": "Number", "StringValue": str(value)}
        case _:
            raise TypeError(f"an attribute is a str, a number, a list or bytes, such as 'order.placed', not {value!r}")


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """eventually(LOOK, ACCEPT, within=SECONDS, what="..."): the first thing LOOK gives that ACCEPT takes."""
    from testbench.polling import eventually

    return eventually


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure that a part of the bench is dead: then it is the bench's, not the test's."""
    report = yield
    running = getattr(item, "funcargs", {}).get("bench")
    if report.failed and running is not None:
        from testbench import Bench, BenchError

        try:
            if isinstance(running, Bench):  # a fixture of that name may be the user's own
                running.check()
        except BenchError as error:
            report.sections.append(("bench", str(error)))
    return report
