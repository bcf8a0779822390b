"""A replay in memory: archive, work area, target and clock, for tests of worker and governor."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from event_fork.archive.errors import ObjectChangedError
from event_fork.archive_replay.burst import BurstSender
from event_fork.archive_replay.worker import ItemReplay, Tools
from event_fork.events.envelope import StoredEvent
from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import ArchiveLocation, Estimate, Health, Plan, PlannedWindow, Target, Totals
from event_fork.replay_plan.progress import Progress
from event_fork.sending.backoff import Deadline
from tests.support.fakes import Clock, FakeQueue
from tests.support.memory_archive import MemoryArchive
from tests.support.memory_documents import MemoryDocuments

KEY = "date=2026-11-23/hour=12/orders-1-2026-11-23-12-00-00-0a1b2c3d.gz"
TOPIC = "arn:aws:sns:eu-west-1:000000000000:orders"


def stored(number: int, *, second: float | None = None, **fields: Any) -> StoredEvent:
    """The n-th event, published `second` seconds after 12:00 (n by default)."""
    at = number if second is None else second
    moment = f"2026-11-23T12:{int(at) // 60:02d}:{int(at) % 60:02d}.{int(at * 1000) % 1000:03d}Z"
    return StoredEvent(f"id-{number}", TOPIC, json.dumps({"n": number}), moment, **fields)


class ReplayWorld:
    """An archive of one object with these lines, one item over all of it, and what a worker needs."""

    def __init__(
        self,
        lines: Sequence[StoredEvent | bytes],
        *,
        rate: float = 1_000_000.0,
        workers: int = 1,
        body: str = "raw",
        pace: float | None = None,
        expected: int | None = None,
        skip_lines: tuple[int, ...] = (),
        target: FakeQueue | None = None,
    ) -> None:
        self.clock = Clock()
        self.target = target or FakeQueue()
        content = b"".join(line.to_line() if isinstance(line, StoredEvent) else line + b"\n" for line in lines)
        self.archive = MemoryArchive({KEY: gzip.compress(content)})
        self.lines = lines
        readable = sum(isinstance(line, StoredEvent) for line in lines)
        self.item = Item(
            "000000",
            KEY,
            None,
            self.archive.open(KEY).etag,
            0,
            len(lines) - 1,
            readable - len(skip_lines) if expected is None else expected,
            skip_lines,
            None if pace is None else 0.0,
        )
        self.plan = Plan(
            replay_id="replay-1",
            created_at="2026-11-23T13:00:00.000Z",
            created_by="ana",
            expires_at="2026-11-24T13:00:00.000Z",
            archive=ArchiveLocation("backup", "", "eu-west-1"),
            window=PlannedWindow("2026-11-23T12:00:00.000Z", "2026-11-23T13:00:00.000Z", 3600),
            filter_policy=None,
            filter_policy_scope="MessageAttributes",
            event_types=(),
            event_type_attribute="event_type",
            target=Target(
                "arn:aws:sqs:eu-west-1:000000000000:checkout", "https://sqs.example/000000000000/checkout", body
            ),
            engine=None,
            rate=1_000_000.0,
            pace=pace,
            workers=workers,
            ramp=None,
            ramp_asks=False,
            health=Health(),
            totals=Totals(1, self.item.events, len(content), 0),
            counts=(),
            first_event="2026-11-23T12:00:00.000Z",
            last_event=None,
            estimate=Estimate(1, 0),
            items=(self.item,),
        )
        self.documents = MemoryDocuments(
            self.plan,
            Control(
                RUNNING, rate, rate, self.plan.sealed().sha256, 0, "", "ana", "2026-11-23T13:00:00.000Z", "replay-1"
            ),
        )
        self.tools = Tools(
            plan=self.plan,
            criteria=self.plan.criteria(),
            documents=self.documents,
            archive=self.archive,
            sender=BurstSender(self.target, body, "replay-1", self.clock.backoff()),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def planned(self, **fields: Any) -> None:
        """The plan has this item in the place of the one that it had."""
        self.item = replace(self.item, **fields)
        self.plan = replace(self.plan, items=(self.item,), totals=replace(self.plan.totals, events=self.item.events))
        self.documents.replace_plan(self.plan)
        self.tools = replace(self.tools, plan=self.plan)

    def attempt(
        self,
        *,
        seconds: float = 1e9,
        item: Item | None = None,
        elapsed: float = 0.0,
        request: str = "request-1",
        execution: str = "replay-1",
    ) -> ItemReplay:
        """A worker's attempt that has so many seconds."""
        deadline = Deadline(self.clock.now + seconds, self.clock)
        return ItemReplay(self.tools, item or self.item, deadline, request, execution, elapsed)

    @property
    def progress(self) -> Progress:
        return self.documents.progresses[self.item.id]

    def sent_lines(self) -> list[int]:
        """Line numbers that the target has, in order of arrival, doubles included."""
        return [int(key) for key in self.target.ids()]


class Crash(BaseException):
    """The worker's process ends: nothing after this runs, not even an except Exception."""


def crash_after(calls: int) -> Any:
    """A fault of the target: the n-th call takes all, then the process is gone."""

    def fault(entries: Sequence[object]) -> Mapping[int, Any]:
        fault.seen += 1  # type: ignore[attr-defined]
        if fault.seen == calls:  # type: ignore[attr-defined]
            raise Crash
        return {}

    fault.seen = 0  # type: ignore[attr-defined]
    return fault


__all__ = ["KEY", "Crash", "MemoryDocuments", "ObjectChangedError", "ReplayWorld", "crash_after", "stored"]
