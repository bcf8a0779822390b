"""Tables in any window, in a pipe, as CSV: ids, types and numbers are whole, nothing is a formula."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import RenderableType

from event_fork.replay_plan.control import Change
from event_fork.replay_plan.plan import Count, Plan, Unreadable
from event_fork.replay_plan.progress import FailedEvent
from event_fork_cli.archive_replay.inspection import Inspection, SampledObject
from event_fork_cli.archive_replay.statuses import Status
from event_fork_cli.output import Output, csv_text, emit, plain_console
from event_fork_cli.views.archives import inspection_view
from event_fork_cli.views.plans import plan_view
from event_fork_cli.views.replays import history_view, status_view
from tests.support.replay_world import ReplayWorld, stored

REPLAY = "replay-20261123-101500-3f9a2c"
MESSAGE = "0c2f3a04-9f1e-4b33-a7d5-1f4c8d0a2b6e"
ARN = "arn:aws:sts::123456789012:assumed-role/operations/ana@example.com"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:checkout-of-the-orders-service"
TYPES = ("com.example.orders.order_placed.v1", "com.example.orders.order_cancelled.v1")
KEY = f"event_type={TYPES[0]}/date=2026-11-23/hour=12/orders-1-2026-11-23-12-00-00-{MESSAGE}.gz"


def plan() -> Plan:
    made = ReplayWorld([stored(0)]).plan
    counts = (Count(TYPES[0], "2026-11-23T12", 6_123_456), Count(TYPES[1], "2026-11-23T13", 50))
    totals = replace(made.totals, events=6_123_506, unreadable=(Unreadable(KEY, "the body is not JSON", (1, 2), 2),))
    return replace(made, replay_id=REPLAY, counts=counts, totals=totals)


def status() -> Status:
    return Status(
        REPLAY, "running", "", 10_000_000, 1_234_567, 1, 2, 0, 0, 100.0, 200.0, 4, 0, 60.0, QUEUE,
        "s3://orders-backup-20261123101500123400000001/", ARN, ARN,
        (Change("applied", "2026-11-23T12:00:00.000Z", ARN), Change("paused", "2026-11-23T12:30:00.000Z", ARN)),
        ARN, "2026-11-23T12:00:00.000Z", None, None, (), (), (FailedEvent(1, MESSAGE, "TooLong: " + "x " * 60),),
    )  # fmt: skip


def archive() -> Inspection:
    return Inspection(
        "s3://orders/", "date=yyyy-MM-dd/hour=HH/", [], {"2026/": "yyyy/MM/dd/"}, 3,
        "2026-11-23T12:00:00.000Z", None, 32_400.0, 5_000, 10**9,
        False, {QUEUE: 1}, dict.fromkeys(TYPES, 7), [SampledObject(KEY, 10, "GZIP", 7, 2, "no")],
    )  # fmt: skip


VIEWS: dict[str, tuple[Callable[[], RenderableType], tuple[str, ...]]] = {
    "plan": (lambda: plan_view(plan()), (REPLAY, "6,123,456", "2026-11-23 12")),
    "status": (lambda: status_view(status()), (REPLAY, MESSAGE, "1,234,567")),
    "list": (lambda: history_view([status()]), (REPLAY,)),
    "archive": (lambda: inspection_view(archive()), ("at least 5,000",)),
}


def shown(view: RenderableType, width: int) -> str:
    file = io.StringIO()
    console = plain_console(file)
    console.width = width
    console.print(view)
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", VIEWS)
def test_in_any_window_ids_and_numbers_do_not_break_and_no_line_is_too_long(name: str, width: int) -> None:
    view, whole = VIEWS[name]

    printed = shown(view(), width)

    for text in whole:
        assert text in printed
    assert max(map(len, printed.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_event_types_are_told_apart_in_any_window(width: int) -> None:
    cells = [line.split("│") for line in shown(plan_view(plan()), width).splitlines() if "│" in line]
    text = "".join(row[2].strip() for row in cells if len(row) > 2)

    for kind in TYPES:
        assert text.count(kind) == 2  # in its hour, and in all


@pytest.mark.parametrize("name", VIEWS)
def test_in_a_pipe_nothing_is_folded(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    view, _ = VIEWS[name]
    emit({}, Output.TABLE, view)

    printed = capsys.readouterr().out
    wanted = {"plan": (KEY, *TYPES), "status": (QUEUE, MESSAGE, ARN), "list": (REPLAY,), "archive": (KEY, *TYPES)}
    for text in wanted[name]:
        assert text in printed


def test_csv_has_a_line_for_each_object_and_no_cell_that_a_spreadsheet_would_calculate() -> None:
    hostile = ["=1+1", "+1", "-1", "@x", "\t=1", 'a,"b"', "a\nb", "\x1b[2J", "＝1"]  # noqa: RUF001
    read = list(csv.DictReader(io.StringIO(csv_text([Count(kind, "h", -5) for kind in hostile]))))

    assert [row["type"] for row in read] == [
        "'=1+1", "'+1", "'-1", "'@x", "\\u0009=1", 'a,"b"', "a\\u000ab", "\\u001b[2J", "'＝1",  # noqa: RUF001
    ]  # fmt: skip
    assert {row["events"] for row in read} == {"-5"}


def test_csv_of_a_single_object_has_what_is_nested_as_json() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_text({"a": None, "b": True, "c": {"d": [1]}})))

    assert row == {"a": "", "b": "true", "c": '{"d": [1]}'}
