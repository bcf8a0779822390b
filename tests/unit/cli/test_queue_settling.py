"""When a run of the 14-day queue is over: what the function reported decides, not what is visible."""

import json

import pytest

from event_fork.queue_replay.run_report import RunReport, read_report
from event_fork_cli.queue_replay.pipelines import Backlog
from event_fork_cli.queue_replay.settling import QUIET_LOOKS, Settling

LOOK = 5.0
PATIENCE = 420.0
"""The module's defaults: a visibility timeout of 360 s, and an invocation of 60."""


def report(received: int, forwarded: int = 0, *, kept: int = 0, waiting: int = 0, **returned: int) -> RunReport:
    return RunReport(received, forwarded, 0, waiting, kept, returned)


def run(settling: Settling, reports: dict[int, list[RunReport]], backlog: Backlog, limit: int = 2_000) -> float:
    """Seconds until it is over; `reports`: what came at which look, from 1."""
    for look in range(1, limit):
        settling.look(LOOK, backlog, reports.get(look, []))
        if settling.is_over:
            return look * LOOK
    raise AssertionError("it is never over")


def test_when_all_was_reported_as_forwarded_or_kept_it_is_over_after_a_few_quiet_looks() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    seconds = run(settling, {2: [report(60, 60)], 4: [report(40, kept=40)]}, Backlog(0, 40))

    assert seconds <= (4 + QUIET_LOOKS) * LOOK
    assert (settling.forwarded, settling.kept, settling.failure) == (60, 40, "")


def test_what_the_rate_left_no_time_for_is_waited_for() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    comes_back = int(360 / LOOK)
    reports = {2: [report(100, 80, waiting=20)], 2 + comes_back: [report(20, 20)]}
    seconds = run(settling, reports, Backlog(0, 20))

    assert seconds >= (2 + comes_back) * LOOK
    assert (settling.forwarded, settling.failure) == (100, "")


def test_a_target_that_refuses_for_a_minute_gets_everything_before_the_run_is_over() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)
    comes_back = int(360 / LOOK)
    reports = {look: [report(10, Throttled=10)] for look in range(1, 11)}
    reports |= {look + comes_back: [report(10, 10)] for look in range(1, 11)}

    run(settling, reports, Backlog(0, 100))

    assert (settling.forwarded, settling.failure) == (100, "")


def test_failures_that_go_on_while_nothing_is_forwarded_end_the_run_with_the_reason() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)
    again = {look: [report(100, AccessDenied=100)] for look in range(1, 1_000, int(360 / LOOK))}

    seconds = run(settling, again, Backlog(0, 100))

    assert PATIENCE <= seconds <= 2 * PATIENCE
    assert settling.failure == "events could not be forwarded: AccessDenied (200 times)"


@pytest.mark.parametrize("reported", [0, 30])
def test_where_nobody_takes_anything_any_more_it_is_over_and_says_so(reported: int) -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)
    reports = {2: [report(reported, reported)]} if reported else {}

    seconds = run(settling, reports, Backlog(100 - reported, 0))

    assert PATIENCE <= seconds <= PATIENCE + 2 * LOOK
    assert settling.failure == f"the function has left no word of {100 - reported} of 100 events: see its log"


def test_a_mapping_that_takes_long_to_begin_is_waited_for() -> None:
    settling = Settling(Backlog(100, 0), patience=10.0)

    assert run(settling, {50: [report(100, 100)]}, Backlog(100, 0)) > 50 * LOOK
    assert settling.failure == ""


def test_on_a_topic_that_lives_it_is_over_when_what_waited_at_the_start_is_settled() -> None:
    """There is always something new to be seen, and all of it is kept."""
    settling = Settling(Backlog(100, 0), PATIENCE)
    arrivals = {look: [report(10, kept=10)] for look in range(2, 100)}

    seconds = run(settling, {1: [report(100, 100)], **arrivals}, Backlog(7, 50))

    assert seconds <= (1 + QUIET_LOOKS) * LOOK


def test_it_is_not_over_while_the_function_has_not_reported_all_that_left_sight() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    seconds = run(settling, {1: [report(60, 60)]}, Backlog(0, 40))

    assert seconds >= PATIENCE
    assert settling.failure == "the function has left no word of 40 of 100 events: see its log"


def test_an_empty_queue_is_the_end_whatever_was_reported() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    assert run(settling, {}, Backlog(0, 0)) == 2 * LOOK
    assert settling.failure == ""


@pytest.mark.parametrize("line", ["", "START RequestId: 1", "[]", '{"run": "queue-2", "EventsReceived": [1.0]}', "{"])
def test_lines_that_are_no_report_of_the_run_are_none(line: str) -> None:
    assert read_report(line, "queue-1") is None


def test_a_report_is_read_as_the_metrics_are_written_without_their_zeros() -> None:
    line = json.dumps({"_aws": {}, "run": "queue-1", "EventsReceived": [10.0], "returned_for": {"AccessDenied": 10}})

    assert read_report(line, "queue-1") == RunReport(10, 0, 0, 0, 0, {"AccessDenied": 10})


def test_one_quiet_look_is_not_the_end_because_counts_and_logs_are_late() -> None:
    # GIVEN a run that has forwarded 8 of 10 events and keeps 2
    settling = Settling(Backlog(10, 0), patience=420.0)
    settling.look(5.0, Backlog(0, 2), [RunReport(10, 8, 0, 0, 2, {})])

    # WHEN nothing more is heard of it
    over = []
    for _ in range(3):
        settling.look(5.0, Backlog(0, 2), [])
        over.append(settling.is_over)

    # THEN it is over at the third look
    assert over == [False, False, True]
    assert (settling.forwarded, settling.kept, settling.failure) == (8, 2, "")
