"""plan.json: the frozen set of events that a replay sends, and how. Written by `replay plan`, run by `replay apply`.

The file is JSON, of the lowest format that says what is asked. `sha256` is taken over the canonical form of everything
else but the signature (keys sorted, no white space), so pretty-printing does no harm and any change of content shows.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated, Any, Literal

from event_fork.archive.layout import WORK_AREAS
from event_fork.archive.raw_lines import ENVELOPES, RAW_LINES
from event_fork.archive.selection import Criteria, all_of
from event_fork.events.time_window import Window, timestamp_of
from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY, InvalidFilterPolicyError, compile_policy
from event_fork.replay_plan.control import MAX_RAMP_STEPS, MAX_RATE, MAX_WORKERS, MIN_RATE, Control
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.json_values import (
    LONGEST_SECONDS,
    AtLeast,
    AtMost,
    Id,
    Matches,
    Named,
    OneOf,
    Time,
    from_json,
    json_object,
    parse_json,
    to_json,
)
from event_fork.replay_plan.narrowing import Narrowing
from event_fork.replay_plan.order import Order

FORMAT, NARROWED_FORMAT, ORDERED_FORMAT = 1, 2, 3
"""A function from before there were narrowings and raw lines does not see them, and would send everything; one from
before there were orders would send in none."""
MAX_PLAN_BYTES = 32 * 2**20
"""What worker and governor have room for with 512 MiB of memory: about 100,000 ranges of lines."""
BODY_RAW: Literal["raw"] = "raw"
BODY_ENVELOPE: Literal["envelope"] = "envelope"
MIN_PACE, MAX_PACE = 0.001, 1_000_000
_MOST_EVENTS = 10**11
_MOST_MINUTES = 10**10
_LONGEST_SPAN_SECONDS = 10**11
_UNSEALED = ("sha256", "signature")
_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """Bucket, key prefix (what stands before `date=`; may be empty) and Region of the archive."""

    bucket: str
    prefix: str
    region: str


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """Events published in [start, end). `lateness_seconds`: how long after that one may have reached the archive."""

    start: Annotated[Time, Named("from")]
    end: Annotated[Time, Named("to")]
    lateness_seconds: Annotated[float, AtMost(LONGEST_SECONDS)]

    def __post_init__(self) -> None:
        if timestamp_of(self.end) <= timestamp_of(self.start):
            raise ValueError(f"to must be later than from ({self.start}), got {self.end}")

    @property
    def published(self) -> Window:
        """The moments of publishing."""
        return Window(timestamp_of(self.start), timestamp_of(self.end))


FIFO_SUFFIX = ".fifo"
QueueArn = Annotated[
    str,
    Matches(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)", "the ARN of a queue"),
]


def is_url_of(url: str, queue_arn: str) -> bool:
    """Whether the URL names the account and the queue of that ARN."""
    account, name = queue_arn.split(":")[4:]
    return url.endswith(f"/{account}/{name}")


@dataclass(frozen=True, slots=True)
class Target:
    """The queue to send to. `body`: `raw` sends the message itself, `envelope` the SNS envelope around it."""

    queue_arn: QueueArn
    queue_url: str
    body: Annotated[str, OneOf((BODY_RAW, BODY_ENVELOPE))]

    def __post_init__(self) -> None:
        if not is_url_of(self.queue_url, self.queue_arn):
            raise ValueError(f"queue_url must be the URL of {self.queue_arn}, got {self.queue_url}")

    @property
    def region(self) -> str:
        """Where the queue is."""
        return self.queue_arn.split(":")[3]

    @property
    def is_fifo(self) -> bool:
        """Whether the queue keeps the order of a group."""
        return self.queue_arn.endswith(FIFO_SUFFIX)


@dataclass(frozen=True, slots=True)
class Engine:
    """The replay module that runs the plan: its name and its state machine."""

    replay: Id
    state_machine_arn: str
    region: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of KMS over the plan's hash: by which key (its ARN) and algorithm; `value` in base64."""

    key: str
    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Health:
    """Bounds at which the governor slows down or stops; None: not looked at.

    `max_oldest_message_age_seconds`: of the target queue. `max_dead_letters_growth`: messages that may arrive in the
    target's dead-letter queue during the replay. `head_room`: share (0-0.99) of the consumer's capacity for live
    events.
    """

    max_oldest_message_age_seconds: float | None = None
    max_dead_letters_growth: float | None = None
    head_room: Annotated[float, AtMost(0.99)] | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What cannot be read: a whole object (`lines` is None) or `count` lines of it, the first ten of them named."""

    key: str
    reason: str
    lines: tuple[int, ...] | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """`objects` read, `events` to send, their `bytes` as sent, `duplicates` left out, what cannot be read."""

    objects: int
    events: Annotated[int, AtMost(_MOST_EVENTS)]
    bytes: int
    duplicates: int
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Count:
    """Events of one type (None: without one) in one hour, `yyyy-MM-ddTHH` UTC of the event's own time."""

    type: str | None
    hour: str
    events: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the replay will take: minutes at the planned rate or pace, US dollars at list price."""

    minutes: Annotated[float, AtMost(_MOST_MINUTES)]
    dollars: float


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is asked of a replay. All times are ISO 8601 in UTC.

    `rate`: events a second of all workers together. `pace`: None, or how many times faster than they were published
    the events are sent (1 = at their original speed); never above `rate`. `workers`: how many run at once at most.
    `ramp`: percentages of `rate` that the governor goes through, or None. `ramp_asks`: after each step the replay
    pauses and waits for `resume`, else the governor goes on by itself while the target is healthy. `lines`: what the
    lines of the archive are, SNS envelopes or messages alone. `order`: of a FIFO target, None for a standard one.
    """

    replay_id: Id
    created_at: Time
    created_by: str
    expires_at: Time
    archive: ArchiveLocation
    window: PlannedWindow
    filter_policy: Mapping[str, Any] | None
    filter_policy_scope: Annotated[str, OneOf((MESSAGE_ATTRIBUTES, MESSAGE_BODY))]
    event_types: tuple[str, ...]
    event_type_attribute: str
    target: Target
    engine: Engine | None
    rate: Annotated[float, AtLeast(MIN_RATE), AtMost(MAX_RATE)]
    pace: Annotated[float, AtLeast(MIN_PACE), AtMost(MAX_PACE)] | None
    workers: Annotated[int, AtLeast(1), AtMost(MAX_WORKERS)]
    ramp: tuple[float, ...] | None
    ramp_asks: bool
    health: Health
    narrowing: Narrowing = field(default=Narrowing(), kw_only=True)
    lines: Annotated[str, OneOf((ENVELOPES, RAW_LINES))] = field(default=ENVELOPES, kw_only=True)
    order: Order | None = field(default=None, kw_only=True)

    @property
    def is_governed(self) -> bool:
        """Whether the governor moves the rate."""
        return self.ramp is not None or self.health != Health()

    def criteria(self, ids: frozenset[str] | None = None) -> Criteria:
        """What planner and worker select by; `ids`: those of `narrowing.ids`. Raises InvalidFilterPolicyError."""
        matchers = list(self.narrowing.matchers(ids))
        if self.filter_policy is not None:
            matchers.append(compile_policy(self.filter_policy, self.filter_policy_scope).matches)
        return Criteria(self.window.published, frozenset(self.event_types), self.event_type_attribute, all_of(matchers))


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One version of one object, which several items of an ordered replay read."""

    key: str
    version_id: str | None
    etag: str


@dataclass(frozen=True, slots=True)
class Plan(PlanRequest):
    """A replay, decided: what is asked, and what of the archive that is. `objects`: those of an ordered replay."""

    totals: Totals
    counts: tuple[Count, ...]
    first_event: Time | None
    last_event: Time | None
    estimate: Estimate
    items: tuple[Item, ...]
    sha256: str = ""
    signature: Signature | None = None
    objects: tuple[PlannedObject, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if (self.order is not None) != self.target.is_fifo:
            raise ValueError(
                f"order must be there for a FIFO target and for no other, which is {self.target.queue_arn}"
            )
        if self.order is not None and self.pace is not None:
            raise ValueError("pace must be null in an ordered replay")
        if len({item.id for item in self.items}) != len(self.items):
            raise ValueError("items must have an id each")
        if len(self.ramp or ()) > MAX_RAMP_STEPS:
            raise ValueError(f"ramp must have at most {MAX_RAMP_STEPS} steps, got {len(self.ramp or ())}")
        latest = max((item.not_before_seconds or 0 for item in self.items), default=0)
        if latest * (self.pace or 0) > _LONGEST_SPAN_SECONDS:
            raise ValueError(f"items must not lie {latest * (self.pace or 0):g} s of the events' time apart")

    def item(self, given: Item) -> Item:
        """The planned item that the given one is. Raises DocumentError when it is not one of the plan.

        With a pace, a resume moves it forward to its own start: it may be due sooner than planned.
        """
        planned = next((item for item in self.items if item.id == given.id), None)
        if planned is None or replace(given, not_before_seconds=planned.not_before_seconds) != planned:
            raise DocumentError(f"item {given.id} is not one of the plan {self.replay_id}")
        if (given.not_before_seconds is None) != (planned.not_before_seconds is None) or (
            (given.not_before_seconds or 0) > (planned.not_before_seconds or 0)
        ):
            raise DocumentError(f"item {given.id} has another not_before_seconds than the plan {self.replay_id}")
        return planned

    def heads(self, items: Iterable[Item]) -> list[Item]:
        """Which of the items the state machine gives to workers: in an ordered replay the first of each lane."""
        lanes: dict[object, Item] = {}
        for item in items:
            lanes.setdefault(item.id if item.part is None else item.part.lane, item)
        return list(lanes.values())

    def lane(self, item: Item) -> list[Item]:
        """The item of an ordered replay, and those after it in its lane."""
        lane = [other for other in self.items if other.part and item.part and other.part.lane == item.part.lane]
        return lane[lane.index(self.item(item)) :]

    def etags(self, items: Iterable[Item]) -> dict[str, str]:
        """The objects that the items are read from, and the ETag of each."""
        found: dict[str, str] = {}
        for item in items:
            found[item.key] = item.etag
            for place in item.part.objects if item.part else ():
                found[self.objects[place].key] = self.objects[place].etag
        return found

    def check(self, control: Control) -> None:
        """Raises DocumentError when control.json is not of this plan, or allows more than it."""
        if control.plan_sha256 != self.sha256:
            raise DocumentError(f"plan.json is not the plan that was applied: control.json names {control.plan_sha256}")
        for name, value in (("rate", control.rate), ("limit", control.limit)):
            if value > self.rate:
                raise DocumentError(f"control.json.{name} must be at most the plan's {self.rate:g}, got {value:g}")
        steps = len(self.ramp or (100,))
        if control.ramp_step >= steps:
            raise DocumentError(f"control.json.ramp_step must be below the plan's {steps}, got {control.ramp_step}")

    def sealed(self) -> "Plan":
        """The same plan with its hash."""
        return replace(self, sha256=digest(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """The plan as it is in the file."""
        return {"format": _format(self), **to_json(self)}

    def to_bytes(self) -> bytes:
        """The plan file: indented, so that people can read it, one line per item."""
        head = self.to_json()
        items = head.pop("items")
        sha256 = head.pop("sha256")
        lines = ",\n    ".join(json.dumps(item) for item in items)
        text = json.dumps(head, indent=2)
        return (f'{text[:-2]},\n  "items": [\n    {lines}\n  ],\n  "sha256": {json.dumps(sha256)}\n}}\n').encode()


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical form of a plan's JSON, its own field and the signature left out."""
    content = {name: value for name, value in document.items() if name not in _UNSEALED}
    hashed = hashlib.sha256()
    try:
        for part in _canonical(content):
            hashed.update(part.encode())
    except (RecursionError, ValueError) as error:  # nested too deeply, a number of thousands of digits
        raise DocumentError(f"plan cannot be read: {error}") from error
    return hashed.hexdigest()


def _canonical(content: Mapping[str, Any]) -> Iterator[str]:
    """In parts, for the whole would take a third of the memory that a large plan takes."""
    comma = ""
    yield "{"
    for name, value in sorted(content.items()):
        yield f"{comma}{_encoded(name)}:"
        comma = ","
        if isinstance(value, list) and value:
            yield f"[{_encoded(value[0])}"
            yield from (f",{_encoded(entry)}" for entry in value[1:])
            yield "]"
        else:
            yield _encoded(value)
    yield "}"


def read_plan(text: bytes) -> Plan:
    """The plan in a file. Raises DocumentError when a value is wrong or the hash does not fit the content."""
    document = json_object(parse_json(text, "plan"), "plan")
    made_by = from_json(_Version, document, "plan")
    if made_by.format not in (FORMAT, NARROWED_FORMAT, ORDERED_FORMAT):
        rule = f"plan.format must be {FORMAT} to {ORDERED_FORMAT}"
        raise DocumentError(f"{rule}, got {made_by.format}: made by another version")
    if digest(document) != made_by.sha256:
        raise DocumentError("plan.sha256 does not fit the content: the plan was changed after it was made")
    plan = from_json(Plan, document, "plan")
    if made_by.format != _format(plan):
        raise DocumentError(f"plan.format must be {_format(plan)} for such a plan, got {made_by.format}")
    _refuse_contradictions(plan)
    return plan


def _format(plan: Plan) -> int:
    if plan.order is not None:
        return ORDERED_FORMAT
    return FORMAT if plan.narrowing == Narrowing() and plan.lines == ENVELOPES else NARROWED_FORMAT


def _refuse_contradictions(plan: Plan) -> None:
    """Anybody can seal a plan, so what it says in several places is compared. Raises DocumentError."""
    events = sum(item.events for item in plan.items)
    if events != plan.totals.events:  # which is what whoever confirms it is asked about
        raise DocumentError(f"plan.totals.events must be the sum of the items', {events}, got {plan.totals.events}")
    for key in (entry.key for entries in (plan.items, plan.objects) for entry in entries):
        if not key.startswith(plan.archive.prefix) or key.startswith(WORK_AREAS):
            raise DocumentError(f"plan.items must be objects of the archive, got {key}")
    if plan.order is None:
        _refuse_shared_lines(plan.items)
    else:
        _refuse_disorder(plan, plan.order)
    try:
        plan.criteria(None if plan.narrowing.ids is None else frozenset())
    except InvalidFilterPolicyError as error:
        raise DocumentError(f"plan.filter_policy: {error}") from error


def _refuse_shared_lines(items: Iterable[Item]) -> None:
    for before, item in pairwise(sorted(items, key=lambda item: (item.key, item.first_line))):
        if before.key == item.key and before.last_line >= item.first_line:
            raise DocumentError(f"plan.items must have lines of their own: {before.id} and {item.id} have not")
    wrong = next((item.id for item in items if item.part is not None), None)
    if wrong is not None:
        raise DocumentError(f"plan.items[{wrong}].part must be null without an order")


def _refuse_disorder(plan: Plan, order: Order) -> None:
    """In each lane the items follow one another, by their numbers and by their places in the lane."""
    ends: dict[int, tuple[int, int]] = {}
    for item in plan.items:
        part = item.part
        if part is None or part.lane >= order.lanes or max(part.objects) >= len(plan.objects):
            raise DocumentError(f"plan.items[{item.id}].part must be a lane and objects of the plan")
        number, line = ends.get(part.lane, (-1, -1))
        first = plan.objects[part.objects[0]]
        holds = (
            int(part.first) > number,
            item.first_line == line + 1,
            item.last_line - item.first_line + 1 == item.events,
            tuple(sorted(set(part.objects))) == part.objects,
            (first.key, first.version_id, first.etag) == (item.key, item.version_id, item.etag),
            not item.skip_lines,
        )
        if not all(holds):
            raise DocumentError(f"plan.items[{item.id}] must follow the item before it in its lane")
        ends[part.lane] = int(part.last), item.last_line
    if len(ends) > plan.workers:
        raise DocumentError(f"plan.workers must be at least the lanes' number, {len(ends)}, got {plan.workers}")


@dataclass(frozen=True, slots=True)
class _Version:
    format: int
    sha256: str
