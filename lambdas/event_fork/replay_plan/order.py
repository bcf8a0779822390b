"""The order of a replay into a FIFO queue: each group's events by their SequenceNumber.

SNS numbers the events of a FIFO topic; the numbers grow within a MessageGroupId, and stand in the envelope. The group
does not: SNS gives it to FIFO queues as an attribute, and to standard queues, which an archive is fed by, not at all.
So a plan says by what its events are grouped.
Source: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-grouping.html
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from event_fork.errors import JsonPathError
from event_fork.events.envelope import SEQUENCE_NUMBER, StoredEvent
from event_fork.events.json_path import JsonPath, parse_path
from event_fork.events.json_select import selected
from event_fork.replay_plan.control import MAX_WORKERS
from event_fork.replay_plan.item import MAX_SEQUENCE, Part
from event_fork.replay_plan.json_values import AtLeast, AtMost

BY_MESSAGE_GROUP = "MessageGroupId"
ONE_GROUP = "all"
HASH_BYTES = 8
_PATH = "$"
# Letters, digits, punctuation: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_GROUP_ID = re.compile(r"[!-~]{1,128}")

GroupOf = Callable[[StoredEvent], str | None]
"""The group of an event; None when it has none."""


@dataclass(frozen=True, slots=True)
class Order:
    """How events are grouped and who sends a group.

    `group_by`: `MessageGroupId` (a member of the envelope), a path into the message (`$.order_id`), the name of a
    message attribute, or `all`: one group. Groups are dealt to so many `lanes` by a hash, and one worker at a time is
    at a lane.
    """

    group_by: str
    lanes: Annotated[int, AtLeast(1), AtMost(MAX_WORKERS)]

    def __post_init__(self) -> None:
        if self.group_by.startswith(_PATH):
            try:
                parse_path(self.group_by)
            except JsonPathError as error:
                raise ValueError(f"group_by: {error}") from error
        elif not self.group_by:
            raise ValueError("group_by must be a path, an attribute, MessageGroupId or all")

    def group_of(self) -> GroupOf:
        """What tells the group of an event."""
        if self.group_by == ONE_GROUP:
            return lambda _: ONE_GROUP
        if self.group_by == BY_MESSAGE_GROUP:
            return _message_group
        if self.group_by.startswith(_PATH):
            return partial(_at_path, parse_path(self.group_by))
        return lambda event: event.attribute(self.group_by) or None

    def place_in(self, part: Part) -> Callable[[StoredEvent], int | None]:
        """What tells the sequence number of an event that belongs to the part; None for one that does not."""
        group_of, first, last = self.group_of(), int(part.first), int(part.last)

        def place(event: StoredEvent) -> int | None:
            sequence = sequence_of(event)
            if sequence is None or not first <= sequence <= last:
                return None
            group = group_of(event)
            return sequence if group is not None and self.lane_of(group_hash(group)) == part.lane else None

        return place

    def lane_of(self, hashed: bytes) -> int:
        """The lane of a group, by its hash."""
        return int.from_bytes(hashed) % self.lanes


def sequence_of(event: StoredEvent) -> int | None:
    """The SequenceNumber: 20 decimal digits as SNS writes it, up to 128 bits. None when the event has none."""
    text = (event.others or {}).get(SEQUENCE_NUMBER)
    if not (isinstance(text, str) and len(text) < 40 and text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number <= MAX_SEQUENCE else None


def group_hash(group: str) -> bytes:
    """What stands for a group."""
    return hashlib.blake2b(group.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()


def group_id(group: str) -> str:
    """The group as a FIFO queue takes it: a hash of what is too long or has other characters."""
    return group if _GROUP_ID.fullmatch(group) else hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()


def deduplication_id(replay_id: str, message_id: str) -> str:
    """The same for each attempt of a replay at an event, and another for each replay.

    A queue swallows for five minutes what has an id that it knows: what a replay repeats is to be swallowed, what the
    next replay sends is not.
    """
    return hashlib.sha256(f"{replay_id}\n{message_id}".encode("utf-8", "surrogatepass")).hexdigest()


def _message_group(event: StoredEvent) -> str | None:
    group = (event.others or {}).get(BY_MESSAGE_GROUP)
    return group if isinstance(group, str) and group else None


def _at_path(path: JsonPath, event: StoredEvent) -> str | None:
    """The first value there that is a text, a number or a boolean."""
    try:
        found = selected(json.loads(event.message), path)
        values = (
            one if isinstance(one, str) else json.dumps(one) for one in found if isinstance(one, str | int | float)
        )
        return next((value for value in values if value), None)
    except (ValueError, RecursionError):
        return None
