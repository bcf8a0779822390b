"""When a run of the queue is over."""

from event_fork.queue_replay.run_report import RunReport
from event_fork_cli.queue_replay.pipelines import Backlog
from event_fork_cli.queue_replay.settling import Settling


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
