"""plan.json: the frozen set of events that a replay sends, and how. Written by `replay plan`, run by `replay apply`.

The file is JSON, format 1. `sha256` is taken over the canonical form of everything else (keys sorted, no white space),
so pretty-printing does no harm and any change of content shows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from event_fork.archive.selection import Criteria, Matcher
from event_fork.events.time_window import Window, timestamp_of
from event_fork.replay_plan.control import MIN_RATE
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.reading import Fields, read_json

FORMAT = 1
BODY_RAW: Literal["raw"] = "raw"
BODY_ENVELOPE: Literal["envelope"] = "envelope"
FILTER_SCOPES = ("MessageAttributes", "MessageBody")


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """Bucket, key prefix (what stands before `date=`; may be empty) and Region of the archive."""

    bucket: str
    prefix: str
    region: str


@dataclass(frozen=True, slots=True)
class Target:
    """The queue to send to. `body`: `raw` sends the message itself, `envelope` the SNS envelope around it."""

    queue_arn: str
    queue_url: str
    body: str


@dataclass(frozen=True, slots=True)
class Engine:
    """The replay module that runs the plan: its name and its state machine."""

    replay: str
    state_machine_arn: str
    region: str


@dataclass(frozen=True, slots=True)
class Health:
    """Bounds at which the governor slows down or stops; None: not looked at.

    `max_oldest_message_age_seconds`: of the target queue. `max_dead_letters_growth`: messages that may arrive in the
    target's dead-letter queue during the replay. `head_room`: share (0-1) of the consumer's capacity for live events.
    """

    max_oldest_message_age_seconds: float | None = None
    max_dead_letters_growth: float | None = None
    head_room: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The field `health` of a plan."""
        return {
            "max_oldest_message_age_seconds": self.max_oldest_message_age_seconds,
            "max_dead_letters_growth": self.max_dead_letters_growth,
            "head_room": self.head_room,
        }


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What cannot be read: a whole object (`lines` is None) or `count` lines of it, the first ten of them named."""

    key: str
    reason: str
    lines: tuple[int, ...] | None = None
    count: int = 0

    def to_json(self) -> dict[str, Any]:
        """One entry of `totals.unreadable`."""
        lines = None if self.lines is None else list(self.lines)
        return {"key": self.key, "reason": self.reason, "lines": lines, "count": self.count}


@dataclass(frozen=True, slots=True)
class Totals:
    """`objects` read, `events` to send, their `bytes` as sent, `duplicates` left out, what cannot be read."""

    objects: int
    events: int
    bytes: int
    duplicates: int
    unreadable: tuple[Unreadable, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The field `totals` of a plan."""
        return {
            "objects": self.objects,
            "events": self.events,
            "bytes": self.bytes,
            "duplicates": self.duplicates,
            "unreadable": [entry.to_json() for entry in self.unreadable],
        }


@dataclass(frozen=True, slots=True)
class Count:
    """Events of one type (None: without one) in one hour, `yyyy-MM-ddTHH` UTC of the event's own time."""

    type: str | None
    hour: str
    events: int

    def to_json(self) -> dict[str, Any]:
        """One entry of `counts`."""
        return {"type": self.type, "hour": self.hour, "events": self.events}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the replay will take: minutes at the planned rate or pace, US dollars at list price."""

    minutes: float
    dollars: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A replay, decided. All times are ISO 8601 in UTC.

    `rate`: events a second of all workers together. `pace`: None, or how many times faster than they were published
    the events are sent (1 = at their original speed); never above `rate`. `workers`: how many run at once at most.
    `ramp`: percentages of `rate` that the governor goes through, or None. `ramp_asks`: after each step the replay
    pauses and waits for `resume`, else the governor goes on by itself while the target is healthy.
    `lateness_seconds`: how long after its publishing an event may have reached the archive to be found.
    """

    replay_id: str
    created_at: str
    created_by: str
    expires_at: str
    archive: ArchiveLocation
    window_from: str
    window_to: str
    lateness_seconds: float
    filter_policy: Mapping[str, Any] | None
    filter_policy_scope: str
    event_types: tuple[str, ...]
    event_type_attribute: str
    target: Target
    engine: Engine | None
    rate: float
    pace: float | None
    workers: int
    ramp: tuple[float, ...] | None
    ramp_asks: bool
    health: Health
    totals: Totals
    counts: tuple[Count, ...]
    first_event: str | None
    last_event: str | None
    estimate: Estimate
    items: tuple[Item, ...]
    sha256: str = ""

    def criteria(self, matches: Matcher | None) -> Criteria:
        """What the worker selects by; `matches` is the plan's filter policy, compiled."""
        window = Window(timestamp_of(self.window_from), timestamp_of(self.window_to))
        return Criteria(window, frozenset(self.event_types), self.event_type_attribute, matches)

    def sealed(self) -> "Plan":
        """The same plan with its hash."""
        return replace(self, sha256=digest(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """The plan as it is in the file."""
        return {
            "format": FORMAT,
            "replay_id": self.replay_id,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "expires_at": self.expires_at,
            "archive": {
                "bucket": self.archive.bucket,
                "prefix": self.archive.prefix,
                "region": self.archive.region,
            },
            "window": {"from": self.window_from, "to": self.window_to, "lateness_seconds": self.lateness_seconds},
            "filter_policy": self.filter_policy,
            "filter_policy_scope": self.filter_policy_scope,
            "event_types": list(self.event_types),
            "event_type_attribute": self.event_type_attribute,
            "target": {
                "queue_arn": self.target.queue_arn,
                "queue_url": self.target.queue_url,
                "body": self.target.body,
            },
            "engine": None
            if self.engine is None
            else {
                "replay": self.engine.replay,
                "state_machine_arn": self.engine.state_machine_arn,
                "region": self.engine.region,
            },
            "rate": self.rate,
            "pace": self.pace,
            "workers": self.workers,
            "ramp": None if self.ramp is None else list(self.ramp),
            "ramp_asks": self.ramp_asks,
            "health": self.health.to_json(),
            "totals": self.totals.to_json(),
            "counts": [count.to_json() for count in self.counts],
            "first_event": self.first_event,
            "last_event": self.last_event,
            "estimate": {"minutes": self.estimate.minutes, "dollars": self.estimate.dollars},
            "items": [item.to_json() for item in self.items],
            "sha256": self.sha256,
        }

    def to_bytes(self) -> bytes:
        """The plan file: indented, so that people can read it, one line per item."""
        head = self.to_json()
        items = head.pop("items")
        sha256 = head.pop("sha256")
        lines = ",\n    ".join(json.dumps(item) for item in items)
        text = json.dumps(head, indent=2)
        return (f'{text[:-2]},\n  "items": [\n    {lines}\n  ],\n  "sha256": {json.dumps(sha256)}\n}}\n').encode()


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical form of a plan's JSON, its own field left out."""
    content = {name: value for name, value in document.items() if name != "sha256"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_plan(text: bytes) -> Plan:
    """The plan in a file. Raises DocumentError when a field is wrong or the hash does not fit the content."""
    fields = read_json(text, "plan")
    if fields.whole("format") != FORMAT:
        raise DocumentError(f"plan.format must be {FORMAT}, got {fields.whole('format')}: made by another version")
    sha256 = fields.text("sha256")
    if digest(fields.document) != sha256:
        raise DocumentError("plan.sha256 does not fit the content: the plan was changed after it was made")
    archive, window, target = fields.object("archive"), fields.object("window"), fields.object("target")
    engine, health, totals = fields.optional_object("engine"), fields.object("health"), fields.object("totals")
    estimate = fields.object("estimate")
    ramp = fields.anything("ramp")
    policy = fields.anything("filter_policy")
    if policy is not None and not isinstance(policy, dict):
        raise DocumentError("plan.filter_policy must be a JSON object or null")
    return Plan(
        replay_id=fields.text("replay_id"),
        created_at=fields.time("created_at"),
        created_by=fields.text("created_by"),
        expires_at=fields.time("expires_at"),
        archive=ArchiveLocation(archive.text("bucket"), archive.text("prefix"), archive.text("region")),
        window_from=window.time("from"),
        window_to=window.time("to"),
        lateness_seconds=window.number("lateness_seconds"),
        filter_policy=policy,
        filter_policy_scope=fields.text("filter_policy_scope", one_of=FILTER_SCOPES),
        event_types=fields.texts("event_types"),
        event_type_attribute=fields.text("event_type_attribute"),
        target=Target(
            target.text("queue_arn"), target.text("queue_url"), target.text("body", one_of=(BODY_RAW, BODY_ENVELOPE))
        ),
        engine=None
        if engine is None
        else Engine(engine.text("replay"), engine.text("state_machine_arn"), engine.text("region")),
        rate=fields.number("rate", minimum=MIN_RATE),
        pace=fields.optional_number("pace"),
        workers=fields.whole("workers", minimum=1),
        ramp=None if ramp is None else fields.numbers("ramp"),
        ramp_asks=fields.flag("ramp_asks"),
        health=Health(
            health.optional_number("max_oldest_message_age_seconds"),
            health.optional_number("max_dead_letters_growth"),
            health.optional_number("head_room"),
        ),
        totals=Totals(
            totals.whole("objects"),
            totals.whole("events"),
            totals.whole("bytes"),
            totals.whole("duplicates"),
            totals.objects("unreadable", _unreadable),
        ),
        counts=fields.objects("counts", _count),
        first_event=fields.optional_text("first_event"),
        last_event=fields.optional_text("last_event"),
        estimate=Estimate(estimate.number("minutes"), estimate.number("dollars")),
        items=fields.objects("items", Item.from_fields),
        sha256=sha256,
    )


def _unreadable(fields: Fields) -> Unreadable:
    lines = None if fields.anything("lines") is None else fields.wholes("lines")
    return Unreadable(fields.text("key"), fields.text("reason"), lines, fields.whole("count"))


def _count(fields: Fields) -> Count:
    return Count(fields.optional_text("type"), fields.text("hour"), fields.whole("events"))
