"""The models of the archive replay's fence and of the queue's run hold, and find a fault that is planted in them.

What they are about: docs/decisions/0004-replay-plan.md and docs/decisions/0002-replay-window.md. The code that they
describe is event_fork.archive_replay, event_fork_cli.archive_replay.steering and event_fork_cli.queue_replay.
"""

from pathlib import Path

import pytest

from tests.model.tlc import check

pytestmark = pytest.mark.slow

_WRITE = "\n       THEN /\\ progress' = [progress EXCEPT !.version = @ + 1,"
IF_MATCH = f"    /\\ IF progress.version = worker[w].version{_WRITE}"
UNCONDITIONAL = f"    /\\ IF TRUE{_WRITE}"
FENCE_FAULTS = {
    "progress is written without If-Match": (
        f"{IF_MATCH} !.line = worker[w].line,\n                                            !.finished",
        f"{UNCONDITIONAL} !.line = worker[w].line,\n                                            !.finished",
        "NeverBackwards",
    ),
    "an item is claimed without If-Match": (
        f"{IF_MATCH} !.execution",
        f"{UNCONDITIONAL} !.execution",
        "NeverBackwards",
    ),
    "a worker that was taken over writes how far it got when it is held": (
        "    /\\ progress' = IF progress.version = worker[w].version",
        "    /\\ progress' = IF TRUE",
        "NeverBackwards",
    ),
    "control.json is not looked at before an item is claimed": (
        "    /\\ IF MaySend(w) THEN",
        "    /\\ IF TRUE THEN",
        "NeverBackwards",
    ),
    "a worker sends on without writing": (
        "    /\\ worker[w].line - worker[w].written < Unwritten\n",
        "",
        "FewDuplicates",
    ),
    "resume changes control.json without If-Match": (
        "        /\\ IF control.version = saw.version\n",
        "        /\\ IF TRUE\n",
        "NothingUndone",
    ),
    "a name of an execution can be used again": (
        'IF name \\in started THEN "refused" ELSE "resumed"',
        '"resumed"',
        "ResumedOnce",
    ),
    "pause does not look whether the replay runs": (
        'Pause == control.state = "running" /\\ Change("paused")',
        'Pause == control\' = [control EXCEPT !.version = @ + 1, !.state = "paused"]'
        " /\\ UNCHANGED <<progress, started, sent, claims, worker, operator, changes>>",
        "CancelStays",
    ),
}
RUN_FAULTS = {
    "the function obeys whatever window it reads": (
        "        /\\ mapping.of = Nobody \\/ mapping.of = read\n",
        "",
        "OnlyItsOwnWindow",
    ),
    "the mapping is switched on without an alias": (
        "mapping' = [on |-> TRUE, polls |-> TRUE, of |-> r, limit |-> Limited]",
        "mapping' = [on |-> TRUE, polls |-> TRUE, of |-> Nobody, limit |-> Limited]",
        "OnMeansARun",
    ),
    "a run that has lost its lock leaves its mapping on": (
        "Go(r, IF lock = r \\/ mapping.of = r THEN",
        "Go(r, IF lock = r THEN",
        "NothingLeft",
    ),
    "a run leaves the limit of a mapping that somebody switched off": (
        "Go(r, IF lock = r \\/ mapping.of = r THEN",
        "Go(r, IF mapping.of = r THEN",
        "NothingLeft",
    ),
    "disable looks once for aliases": (
        '    /\\ List(IF Known = {} /\\ ~mapping.on /\\ mapping.of = Nobody THEN "unlock" ELSE "off",',
        '    /\\ List("unlock",',
        "NothingLeft",
    ),
    "disable does not look again at the mapping": (
        'IF Known = {} /\\ ~mapping.on /\\ mapping.of = Nobody THEN "unlock"',
        'IF Known = {} THEN "unlock"',
        "OneCallCleans",
    ),
    "a run puts the function back while something still polls": (
        '    THEN mapping\' = SwitchedOff /\\ Go(r, "back")',
        '    THEN mapping\' = [SwitchedOff EXCEPT !.of = Nobody] /\\ Go(r, "back")',
        "OnMeansARun",
    ),
    "disable does not wait until nothing polls": (
        "       ELSE /\\ ~mapping.polls\n",
        "       ELSE /\\ TRUE\n",
        "OnMeansARun",
    ),
    "the alias does not note the limit": (
        "THEN mapping.limit ELSE disable.limit]",
        "THEN mapping.limit ELSE mapping.limit]",
        "OneCallCleans",
    ),
}


@pytest.mark.parametrize("model", ["ArchiveReplay", "QueueRun"])
def test_nothing_is_confused_in_any_state_of_the_model(model: str, tmp_path: Path) -> None:
    found = check(model, tmp_path)

    print(f"{model}: {found.distinct:,} states ({found.generated:,} generated)")
    assert found.violated is None
    assert found.distinct > 100_000


@pytest.mark.parametrize(("model", "never"), [("ArchiveReplay", "NeverFinished"), ("QueueRun", "NeverForwards")])
def test_what_the_model_is_for_can_happen_in_it(model: str, never: str, tmp_path: Path) -> None:
    assert check(model, tmp_path, also=f"INVARIANT {never}\n").violated == never


@pytest.mark.parametrize(
    ("model", "fault"), [("ArchiveReplay", each) for each in FENCE_FAULTS] + [("QueueRun", each) for each in RUN_FAULTS]
)
def test_the_model_finds(model: str, fault: str, tmp_path: Path) -> None:
    piece, planted, violated = {**FENCE_FAULTS, **RUN_FAULTS}[fault]

    # A fault may break several at the same depth. Which one TLC's two workers come upon first differs from run to run.
    assert check(model, tmp_path, planted=(piece, planted), only=violated).violated == violated
