"""A new consumer's queue: what waits in it, and which of it the archive brings too.

Live events wait in the queue before the archive is replayed into it. A live event that is in the plan is a double, and
so is a second copy of any event. Nothing is deleted before the replay runs: every event is in the queue or in a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from event_fork.archive.selection import Matcher
from event_fork.archive.store import ArchiveStore
from event_fork.events.messages import ReceivedMessage
from event_fork.replay_plan.plan import Plan
from event_fork_cli.dead_letters.letters import Letter
from event_fork_cli.dead_letters.looking import MOST, DeadLetterQueue, Looking, refuse_too_many
from event_fork_cli.drills.planned_ids import planned_ids
from event_fork_cli.errors import FailedError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LEAST_RECEPTIONS = 5
"""Each message is looked at twice, and SQS may hand one out once more."""
_HOLD_SECONDS, _THREADS = 1_800, 4
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Switched:
    """How a queue was made ready. `doubles`: live messages that were deleted, for the archive brings them.

    `second_copies`: deleted at the end. `live`: events that wait and are not from the archive. `missing`: of the plan,
    not in the queue. The last three are None where there is too much to be looked at.
    """

    replay_id: str
    target: str
    cut: str
    planned: int
    doubles: int
    second_copies: int | None = None
    live: int | None = None
    missing: int | None = None


@dataclass(slots=True)
class Seen:
    """What lies in a queue: id of an event -> its messages, without their bodies.

    `due`: ids that the archive must have, for they were published before the cut. `nameless`: messages without an
    envelope, of which nobody knows what events they are.
    """

    messages: dict[str, list[Letter]] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    nameless: int = 0

    def doubles(self, known: Collection[str]) -> list[Letter]:
        """Messages of events that the plan brings, and second copies of the others."""
        return [
            one
            for event_id, messages in self.messages.items()
            for one in (messages if event_id in known else messages[1:])
        ]


def refuse_unfit(queue: DeadLetterQueue, functions: LambdaClient) -> None:
    """Raises RefusedError when somebody consumes the queue, or when looking into it would move messages away."""
    mappings = functions.list_event_source_mappings(EventSourceArn=queue.arn)["EventSourceMappings"]
    on = [mapping["UUID"] for mapping in mappings if mapping["State"] != "Disabled"]
    if on:
        raise RefusedError(
            f"the consumer of {queue.name} must be off until this command ends: disable its mapping {on[0]}"
        )
    if hidden := queue.backlog().hidden:
        raise RefusedError(
            f"{hidden:,} messages of {queue.name} are in flight: somebody consumes it, or this command was killed "
            f"{_HOLD_SECONDS // 60} minutes ago or less, and they are not visible again"
        )
    receptions = queue.receptions(LEAST_RECEPTIONS)
    if receptions < LEAST_RECEPTIONS:
        raise RefusedError(
            f"{queue.name} must have a maxReceiveCount of at least {LEAST_RECEPTIONS}, and has {receptions}: every "
            "message is looked at twice, and each look counts"
        )


def switch(plan: Plan, queue: DeadLetterQueue, store: ArchiveStore, start: Callable[[], None]) -> Switched:
    """Looks at what waits, starts the replay of the plan, and deletes what is double then.

    Raises FailedError before it starts anything when the archive has not caught up with the end of the plan's window.
    """
    with _looking(queue) as looking:
        seen = _see(looking, plan)
        if seen.nameless:
            raise RefusedError(
                f"{seen.nameless:,} messages in {queue.arn} are no SNS envelopes: they have no ids to tell doubles by"
            )
        known = _only(planned_ids(plan, store), seen.messages)
        behind = sorted(seen.due - known)
        if behind:
            redacted = "" if plan.filter_policy is None else ", or the filter policy asks for what is redacted in it"
            raise FailedError(
                f"the archive lacks {len(behind):,} events from before {plan.window.end} that wait in the queue "
                f"({', '.join(behind[:_NAMED])}): it has not caught up{redacted}; nothing was sent; "
                f"run this again later with --cut {plan.window.end}"
            )
        doubles = seen.doubles(known)
        start()
        _delete(looking, doubles)
    return Switched(plan.replay_id, queue.arn, plan.window.end, plan.totals.events, len(doubles))


def proved(switched: Switched, plan: Plan, queue: DeadLetterQueue, store: ArchiveStore) -> Switched:
    """After the replay: looks at everything once more, and deletes second copies that it finds."""
    if queue.backlog().all > MOST:
        return switched
    with _looking(queue) as looking:
        seen = _see(looking, plan)
        copies = seen.doubles(())
        known = _only(planned_ids(plan, store), seen.messages)
        _delete(looking, copies)
    return replace(
        switched,
        second_copies=len(copies),
        live=len(seen.messages) - len(known),
        missing=plan.totals.events - len(known),
    )


def _only(planned: Iterable[str], wanted: Collection[str]) -> set[str]:
    """Of the planned ids those that are wanted: a plan may be larger than memory, what waits in a queue is not."""
    return {event_id for event_id in planned if event_id in wanted}


def _looking(queue: DeadLetterQueue) -> Looking:
    refuse_too_many(queue, queue.backlog())
    return Looking(queue, _HOLD_SECONDS, _THREADS)


def _see(looking: Looking, plan: Plan) -> Seen:
    """Everything that is visible."""
    criteria, found = plan.criteria(), Seen()
    matches: Matcher = criteria.matches or (lambda _: True)
    for one in chain.from_iterable(looking.letters(newcomers=False)):
        event = one.message.event
        if event is None:
            found.nameless += 1
            continue
        message = ReceivedMessage(one.message.message_id, "", receipt_handle=one.message.receipt_handle)
        found.messages.setdefault(event.message_id, []).append(Letter(message, None))
        if criteria.window.holds(one.at) and matches(event):
            found.due.add(event.message_id)
    return found


def _delete(looking: Looking, letters: Sequence[Letter]) -> None:
    if kept := looking.delete(letters):
        raise FailedError(f"{len(kept)} doubles could not be deleted ({', '.join(sorted(set(kept.values())))})")
