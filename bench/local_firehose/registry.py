"""All streams of the server, their states over time, and their pipelines."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from local_firehose.api.errors import ResourceInUseError, ResourceNotFoundError
from local_firehose.api.protocol import Caller
from local_firehose.pipeline.pipeline import Pipeline
from local_firehose.pipeline.tools import Tools
from local_firehose.quotas import Meter, quota
from local_firehose.records import Record
from local_firehose.sources.kinesis import KinesisReader
from local_firehose.streams.keys import Keys
from local_firehose.streams.network import NetworkError, vpc_id
from local_firehose.streams.stream import ACTIVE, CREATING, CREATING_FAILED, DELETING, Stream, stream_arn

_RETRY_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Entry:
    """A stream and what works for it."""

    stream: Stream
    pipeline: Pipeline
    meter: Meter
    transitions: set[asyncio.Task[None]] = field(default_factory=set)
    reader: KinesisReader | None = None
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)  # one change of the configuration at a time


class Registry:
    """Finds streams, makes them active, takes them away."""

    def __init__(self, tools: Tools, keys: Keys) -> None:
        self._tools = tools
        self._keys = keys
        self._entries: dict[str, Entry] = {}

    def entries(self) -> list[Entry]:
        """All streams of all accounts and regions."""
        return list(self._entries.values())

    def named(self, name: str) -> list[Entry]:
        """Streams of that name in any account and region; all when the name is empty (control API)."""
        return [entry for entry in self._entries.values() if name in ("", entry.stream.name)]

    def of(self, caller: Caller) -> list[Stream]:
        """The caller's streams by name."""
        streams = (entry.stream for entry in self._entries.values())
        mine = (one for one in streams if (one.account, one.region) == (caller.account, caller.region))
        return sorted(mine, key=lambda stream: stream.name)

    def find(self, caller: Caller, name: str) -> Entry:
        """The stream, or ResourceNotFoundException."""
        entry = self._entries.get(stream_arn(caller, name))
        if entry is None:
            raise ResourceNotFoundError(f"Firehose {name} under account {caller.account} not found.")
        return entry

    async def add(self, stream: Stream) -> None:
        """A new stream in CREATING; it becomes ACTIVE after the transition time."""
        if stream.key in self._entries:
            raise ResourceInUseError(f"Firehose {stream.name} under accountId {stream.account} already exists")
        entry = self._enter(stream)
        try:
            await self._tools.store.delete_stream(stream.key)  # nothing of an earlier stream of that name
            await self.save(stream)
        except BaseException:
            del self._entries[stream.key]
            raise
        self._resume(entry)

    async def save(self, stream: Stream) -> None:
        """Make the stream's present state safe, unless it has been deleted meanwhile."""
        entry = self._entries.get(stream.key)
        if entry is not None and entry.stream is stream:
            await self._tools.store.save_stream(stream.key, stream.to_json())

    async def change(self, stream: Stream, **fields: Any) -> None:
        """Set fields and make them safe; what cannot be saved is not changed."""
        before = {name: getattr(stream, name) for name in fields}
        for name, value in fields.items():
            setattr(stream, name, value)
        try:
            await self.save(stream)
        except BaseException:
            for name, value in before.items():
                setattr(stream, name, value)
            raise

    async def delete(self, entry: Entry) -> None:
        """DELETING at once; gone, with everything undelivered, after the transition time."""
        stream = entry.stream
        if stream.status == DELETING:
            return
        stream.status = DELETING
        await self._save_and_resume(entry)

    async def change_encryption(self, entry: Entry) -> None:
        """Finish ENABLING or DISABLING after the transition time."""
        await self._save_and_resume(entry)

    async def _save_and_resume(self, entry: Entry) -> None:
        try:
            await self.save(entry.stream)
        finally:  # a state that cannot be saved must end all the same
            self._resume(entry)

    def restore(self) -> int:
        """Streams and undelivered records of the state folder; how many records there were."""
        restored = 0
        for body in self._tools.store.streams():
            entry = self._enter(Stream.from_json(body))
            records: list[Record] = self._tools.store.records(entry.stream.key)
            for record in records:
                self._tools.budget.charge(record.cost)
            if records:
                entry.pipeline.accept(records)
            restored += len(records)
            self._resume(entry)
            self._start_reading(entry)
        return restored

    async def close(self) -> None:
        """Stop all pipelines; their records stay in the store."""
        for entry in self.entries():
            for task in entry.transitions:
                task.cancel()
            await asyncio.gather(*entry.transitions, return_exceptions=True)
            if entry.reader is not None:
                await entry.reader.close()
            await entry.pipeline.close()

    def _enter(self, stream: Stream) -> Entry:
        meter = Meter(quota(stream.region), self._tools.clock)
        entry = self._entries[stream.key] = Entry(stream, Pipeline(stream, self._tools), meter)
        return entry

    def _resume(self, entry: Entry) -> None:
        """Start the clock of whatever state change is under way."""
        step: Callable[[Entry], Awaitable[None]]
        if entry.stream.status == CREATING:
            step = self._finish_creating
        elif entry.stream.status == DELETING:
            step = self._finish_deleting
        elif entry.stream.encryption.status in ("ENABLING", "DISABLING"):
            step = self._finish_encryption
        else:
            return
        task = asyncio.create_task(self._later(step, entry))
        entry.transitions.add(task)
        task.add_done_callback(entry.transitions.discard)

    async def _later(self, step: Callable[[Entry], Awaitable[None]], entry: Entry) -> None:
        await self._tools.clock.sleep(self._tools.settings.transition_seconds)
        while True:
            try:
                return await step(entry)
            except Exception:
                log.exception("%s: a state change failed; it is tried again", entry.stream.name)
            await self._tools.clock.sleep(_RETRY_SECONDS)

    async def _finish_creating(self, entry: Entry) -> None:
        stream = entry.stream
        if stream.encryption.status == "ENABLING":
            await self._finish_encryption(entry)
            stream.failure = stream.encryption.failure
        if vpc := stream.destination.get("VpcConfiguration"):
            try:
                aws = self._tools.aws
                vpc["VpcId"] = await vpc_id(aws, stream, vpc["SubnetIds"], vpc["SecurityGroupIds"])
            except NetworkError as error:
                stream.failure = {"Type": error.failure_type, "Details": error.message}
        stream.status = CREATING_FAILED if stream.failure else ACTIVE
        await self.save(stream)
        self._start_reading(entry)

    def _start_reading(self, entry: Entry) -> None:
        if entry.stream.status != ACTIVE or entry.stream.source is None:
            return
        tools = self._tools
        entry.reader = KinesisReader(
            entry.stream,
            tools.aws,
            tools.clock,
            tools.budget,
            tools.store,
            tools.metrics,
            tools.next_sequence,
            entry.pipeline.take_in,
            lambda: entry.pipeline.ledger.charged,
            entry.pipeline.keep_for,
        )

    async def _finish_deleting(self, entry: Entry) -> None:
        if entry.reader is not None:
            await entry.reader.close()
        await entry.pipeline.close()
        await self._tools.store.delete_stream(entry.stream.key)
        self._entries.pop(entry.stream.key, None)

    async def _finish_encryption(self, entry: Entry) -> None:
        stream, encryption = entry.stream, entry.stream.encryption
        if encryption.status == "ENABLING":
            problem = None
            if encryption.key_arn:
                problem = await self._keys.problem(stream.account, stream.region, encryption.key_arn, fresh=True)
            encryption.status = "ENABLING_FAILED" if problem else "ENABLED"
            encryption.failure = {"Type": problem.failure_type, "Details": problem.message} if problem else None
            if problem is None:
                encryption.key_arn_before = None
        elif encryption.status == "DISABLING":
            encryption.status, encryption.failure = "DISABLED", None
            encryption.key_type = encryption.key_arn = ""
        await self.save(stream)
