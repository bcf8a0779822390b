"""When a run of the 14-day queue is over: what the function reported decides, not what is visible."""

import json
from collections.abc import Callable

import pytest

from event_fork.queue_replay.run_report import RunReport, read_report
from event_fork_cli.queue_replay.pipelines import Backlog
from event_fork_cli.queue_replay.settling import SETTLED_SECONDS, Settling

LOOK = 5.0
PATIENCE = 420.0
"""The module's defaults: a visibility timeout of 360 s, and an invocation of 60."""
HOLD = 900


def report(received: int, forwarded: int = 0, *, kept: int = 0, waiting: int = 0, **returned: int) -> RunReport:
    return RunReport(received, forwarded, 0, waiting, kept, returned, {HOLD: kept})


def run(
    settling: Settling,
    reports: dict[int, list[RunReport]],
    backlog: Backlog | Callable[[int], Backlog],
    limit: int = 2_000,
) -> float:
    """Seconds until it is over; `reports`: what came at which look, from 1; `backlog`: always, or at each look."""
    for look in range(1, limit):
        settling.look(LOOK, backlog(look) if callable(backlog) else backlog, reports.get(look, []))
        if settling.is_over:
            return look * LOOK
    raise AssertionError("it is never over")


def test_when_all_was_reported_as_forwarded_or_kept_it_is_over_after_a_quiet_minute() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    seconds = run(settling, {2: [report(60, 60)], 4: [report(40, kept=40)]}, Backlog(0, 40))

    assert seconds == 2 * LOOK + SETTLED_SECONDS
    assert (settling.forwarded, settling.kept, settling.failure) == (60, 40, "")


def test_what_the_rate_left_no_time_for_is_waited_for() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    comes_back = int(360 / LOOK)
    reports = {2: [report(100, 80, waiting=20)], 2 + comes_back: [report(20, 20)]}
    seconds = run(settling, reports, lambda look: Backlog(0, 20 if look < 2 + comes_back else 0))

    assert seconds >= (2 + comes_back) * LOOK
    assert (settling.forwarded, settling.failure) == (100, "")


def test_a_target_that_refuses_for_a_minute_gets_everything_before_the_run_is_over() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)
    comes_back = int(360 / LOOK)
    reports = {look: [report(10, Throttled=10)] for look in range(1, 11)}
    reports |= {look + comes_back: [report(10, 10)] for look in range(1, 11)}

    run(settling, reports, lambda look: Backlog(0, 100 if look < 10 + comes_back else 0))

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
    assert settling.failure == (
        f"{100 - reported} events or more were visible all the time, and the function has taken {reported}: see its log"
    )


def test_a_mapping_that_takes_long_to_begin_is_waited_for() -> None:
    settling = Settling(Backlog(100, 0), patience=10.0)

    assert run(settling, {50: [report(100, 100)]}, lambda look: Backlog(100 if look < 50 else 0, 0)) > 50 * LOOK
    assert settling.failure == ""


def test_on_a_topic_that_lives_it_is_over_when_the_function_has_taken_everything_many_times_over() -> None:
    """There is always something new to be seen, and all of it is kept."""
    settling = Settling(Backlog(100, 0), PATIENCE)
    arrivals = {look: [report(10, kept=10)] for look in range(2, 2_000)}

    seconds = run(settling, {1: [report(100, 100)], **arrivals}, lambda look: Backlog(7, 10 * (look - 1)))

    assert seconds == LOOK + PATIENCE
    assert settling.failure == ""


def test_on_a_topic_that_lives_looks_that_see_nothing_need_not_follow_one_another() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)
    arrivals = {look: [report(10, kept=10)] for look in range(2, 2_000)}

    seconds = run(settling, {1: [report(100, 100)], **arrivals}, lambda look: Backlog(look % 3, 10 * (look - 1)))

    assert seconds <= LOOK + SETTLED_SECONDS + 3 * LOOK
    assert settling.failure == ""


def test_newcomers_do_not_stand_for_what_waited_at_the_start() -> None:
    """40 of 100 events are seen all the time and not taken, while the function takes and keeps new ones."""
    settling = Settling(Backlog(100, 0), PATIENCE)
    newcomers = {look: [report(1, kept=1)] for look in range(2, 2_000)}

    seconds = run(settling, {1: [report(100, 60, kept=40)], **newcomers}, lambda look: Backlog(40, 40 + look))

    assert seconds >= PATIENCE
    assert settling.failure.startswith("40 events or more were visible all the time")


def test_a_topic_that_outruns_the_function_ends_the_run_with_a_failure() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)
    newcomers = {look: [report(10, kept=10)] for look in range(1, 2_000)}

    run(settling, newcomers, lambda look: Backlog(100 + 10 * look, 10 * look))

    assert "were visible all the time" in settling.failure


@pytest.mark.parametrize("visible_for", [1, 10, 100])
def test_a_long_way_through_what_is_not_wanted_is_gone_to_its_end(visible_for: int) -> None:
    settling = Settling(Backlog(100_000, 0), PATIENCE)
    reports = {look: [report(100_000 // visible_for, kept=100_000 // visible_for)] for look in range(1, visible_for)}
    reports[visible_for] = [report(100_000 // visible_for, 100, kept=100_000 // visible_for - 100)]

    start, step = settling.start.visible, 100_000 // visible_for
    run(
        settling,
        reports,
        lambda look: Backlog(max(0, start - look * step), min(start, look * step) - 100 * (look >= visible_for)),
    )

    assert (settling.forwarded, settling.failure) == (100, "")


def test_what_is_hidden_at_the_start_and_is_not_heard_of_is_no_success() -> None:
    settling = Settling(Backlog(10, 25), PATIENCE)

    seconds = run(settling, {1: [report(10, 10)]}, Backlog(0, 25))

    assert seconds >= PATIENCE
    assert settling.failure.startswith("25 hidden events were not looked at")


def test_what_can_be_had_again_only_when_the_mapping_is_off_was_not_looked_at() -> None:
    settling = Settling(Backlog(10, 25), PATIENCE)
    run(settling, {1: [report(10, 10)]}, Backlog(0, 25))

    settling.end()
    settling.look(LOOK, Backlog(25, 0), [])

    assert settling.failure.startswith("25 hidden events were not looked at")


def test_what_is_reported_after_the_mapping_is_off_was_looked_at() -> None:
    settling = Settling(Backlog(10, 0), PATIENCE)
    run(settling, {1: [report(6, 6)]}, Backlog(0, 4))

    settling.end()
    settling.look(LOOK, Backlog(0, 1), [report(4, 3, kept=1)])

    assert settling.failure == ""


def test_what_was_kept_counts_as_kept_no_longer_than_it_is_hidden() -> None:
    """Ten were kept at the first look; when their time is over, what is hidden is something else."""
    settling = Settling(Backlog(10, 0), PATIENCE)
    settling.look(LOOK, Backlog(0, 10), [report(10, kept=10)])
    assert settling.unreported(Backlog(0, 10)) == 0

    settling.look(HOLD, Backlog(0, 10), [])

    assert settling.unreported(Backlog(0, 10)) == 10


def test_it_is_not_over_while_the_function_has_not_reported_all_that_left_sight() -> None:
    settling = Settling(Backlog(100, 0), PATIENCE)

    seconds = run(settling, {1: [report(60, 60)]}, Backlog(0, 40))

    assert seconds >= PATIENCE
    assert settling.failure.startswith("40 hidden events were not looked at")


@pytest.mark.parametrize(("forwarded", "gone"), [(100, 0), (40, 60), (0, 100)])
def test_an_empty_queue_is_the_end_and_what_is_gone_without_a_word_is_said(forwarded: int, gone: int) -> None:
    """Expired, redriven by the queue itself, or taken by somebody else."""
    settling = Settling(Backlog(100, 0), PATIENCE)

    assert run(settling, {1: [report(forwarded, forwarded)]}, Backlog(0, 0)) == SETTLED_SECONDS
    assert (
        settling.failure.startswith(f"{gone} of 100 events that waited at the start" if gone else "") == bool(gone)
        or not gone
    )
    assert bool(settling.failure) == bool(gone)


def test_what_failed_once_and_was_kept_when_it_came_back_is_no_failure() -> None:
    settling = Settling(Backlog(10, 0), PATIENCE)
    back = int(360 / LOOK)
    reports = {1: [report(10, 10)], 3: [report(12, Throttled=12)], 3 + back: [report(12, kept=12)]}

    run(settling, reports, lambda look: Backlog(0, 0 if look < 3 else 12))

    assert settling.failure == ""


def test_the_limit_of_messages_in_flight_is_named_where_it_may_be_the_cause() -> None:
    settling = Settling(Backlog(200_000, 0), PATIENCE)

    run(settling, {1: [report(80_000, kept=80_000)]}, Backlog(80_000, 120_000))

    assert "SQS hands out no more while 120,000 are hidden" in settling.failure


@pytest.mark.parametrize("line", ["", "START RequestId: 1", "[]", '{"run": "queue-2", "EventsReceived": [1.0]}', "{"])
def test_lines_that_are_no_report_of_the_run_are_none(line: str) -> None:
    assert read_report(line, "queue-1") is None


def test_a_report_is_read_as_the_metrics_are_written_without_their_zeros() -> None:
    line = json.dumps({"_aws": {}, "run": "queue-1", "EventsReceived": [10.0], "returned_for": {"AccessDenied": 10}})

    assert read_report(line, "queue-1") == RunReport(10, 0, 0, 0, 0, {"AccessDenied": 10})


@pytest.mark.parametrize("clear", [1, 2])
def test_one_look_that_sees_nothing_is_not_the_end_because_counts_and_logs_are_late(clear: int) -> None:
    settling = Settling(Backlog(10, 0), PATIENCE)
    looks = [Backlog(1, 2)] * 20 + [Backlog(0, 2)] * clear + [Backlog(1, 2)]

    settling.look(LOOK, looks[0], [report(10, 8, kept=2)])
    for backlog in looks[1:]:
        settling.look(LOOK, backlog, [])
        assert not settling.is_over


def test_what_comes_after_the_mapping_is_off_is_no_failure_of_the_run() -> None:
    settling = Settling(Backlog(10, 0), PATIENCE)
    run(settling, {1: [report(10, 10)]}, Backlog(0, 0))

    settling.end()
    settling.look(LOOK, Backlog(5, 0), [report(1, 1)])

    assert settling.failure == ""
