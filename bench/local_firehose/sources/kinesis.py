"""Reads a Kinesis data stream into a delivery stream: every shard, from the stream's start, at least once.

A shard's place is kept in the store after its records are, so a restart reads some records again and misses none.
Sources: notes 1.3, 1.7, 3.1, 6; developer guide "Writing to Firehose using Kinesis Data Streams".
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.metrics import Metrics
from local_firehose.records import RECORD_OVERHEAD, Record
from local_firehose.shares import Budget
from local_firehose.sources.kpl import deaggregate
from local_firehose.store import Store
from local_firehose.streams.stream import Stream

POLL_SECONDS = 1.0  # Firehose calls GetRecords once a second per shard
LEAST_POLL_SECONDS = 0.05  # of the wall clock, however fast the bench clock runs
RETRY_SECONDS = 5.0
_BATCH = 10_000
log = logging.getLogger(__name__)

Accept = Callable[[list[Record]], Awaitable[None]]


@dataclass(slots=True)
class Shard:
    """A place in one shard."""

    id: str
    iterator: str | None = None


class KinesisReader:
    """Reads for one delivery stream until closed."""

    def __init__(
        self,
        stream: Stream,
        aws: Aws,
        clock: Clock,
        budget: Budget,
        store: Store,
        metrics: Metrics,
        next_sequence: Callable[[], int],
        accept: Accept,
        held: Callable[[], int],
        keep_for: Callable[[float], None],
    ) -> None:
        self._stream = stream
        self._aws = aws
        self._clock = clock
        self._budget = budget
        self._store = store
        self._metrics = metrics
        self._next_sequence = next_sequence
        self._accept = accept
        self._held = held
        self._keep_for = keep_for
        self._finished: set[str] = set()
        source: dict[str, Any] = stream.source or {}
        self._arn = str(source["KinesisStreamARN"])
        self._role = str(source["RoleARN"])
        self._started = datetime.fromtimestamp(float(source["DeliveryStartTimestamp"]), UTC)
        self._task = asyncio.create_task(self._run(), name=f"kinesis {stream.name}")

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        shards: dict[str, Shard] = {}
        while True:
            try:
                if not shards:
                    await self._look_at_retention()
                await self._look_for_shards(shards)
                for shard in list(shards.values()):
                    await self._read(shard)
                    if shard.iterator is None:  # closed by a split or merge, and read to its end
                        self._finished.add(shard.id)
                        del shards[shard.id]
            except Exception as error:
                if isinstance(error, BotoCoreError | ClientError):
                    log.warning("%s: cannot read %s: %s", self._stream.name, self._arn, error)
                    self._count_throttling(error)
                else:  # the store's disk is full, or a bug here: the data stream keeps its records
                    log.exception("%s: reading %s failed unexpectedly", self._stream.name, self._arn)
                shards.clear()  # iterators may have expired: start from the kept places
                await self._clock.sleep(RETRY_SECONDS)
            await asyncio.gather(self._clock.sleep(POLL_SECONDS), asyncio.sleep(LEAST_POLL_SECONDS))

    def _client(self) -> Any:
        return self._aws.client("kinesis", self._stream.account, self._stream.region, self._role)

    async def _look_at_retention(self) -> None:
        """Delivery to S3 is tried as long as the data stream keeps its records."""
        summary = await self._aws.call(self._client().describe_stream_summary, StreamARN=self._arn)
        self._keep_for(float(summary["StreamDescriptionSummary"]["RetentionPeriodHours"]) * 3600)

    async def _look_for_shards(self, shards: dict[str, Shard]) -> None:
        answer = await self._aws.call(self._client().list_shards, StreamARN=self._arn)
        found = [shard["ShardId"] for shard in answer["Shards"]]
        while token := answer.get("NextToken"):
            answer = await self._aws.call(self._client().list_shards, NextToken=token)
            found += [shard["ShardId"] for shard in answer["Shards"]]
        for shard_id in found:
            if shard_id not in shards and shard_id not in self._finished:
                shards[shard_id] = Shard(shard_id, await self._iterator(shard_id))

    async def _iterator(self, shard_id: str) -> str:
        where: dict[str, Any] = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._started}
        if kept := self._store.fact(self._place(shard_id)):
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": kept}
        answer = await self._aws.call(self._client().get_shard_iterator, StreamARN=self._arn, ShardId=shard_id, **where)
        return str(answer["ShardIterator"])

    async def _read(self, shard: Shard) -> None:
        answer = await self._aws.call(
            self._client().get_records, StreamARN=self._arn, ShardIterator=shard.iterator, Limit=_BATCH
        )
        shard.iterator = answer.get("NextShardIterator")
        behind = float(answer.get("MillisBehindLatest", 0))
        self._metrics.add(self._stream, "KinesisMillisBehindLatest", behind, "Milliseconds")
        if not answer["Records"]:
            return
        records = [record for raw in answer["Records"] for record in self._records(shard.id, raw)]
        size = sum(len(record.data) for record in records)
        self._metrics.add(self._stream, "DataReadFromKinesisStream.Records", len(records), "Count")
        self._metrics.add(self._stream, "DataReadFromKinesisStream.Bytes", size, "Bytes")
        cost = size + RECORD_OVERHEAD * len(records)
        # More than all memory: once there is nothing else.
        while not self._budget.take(min(cost, self._budget.limit), self._held()):
            await self._clock.sleep(POLL_SECONDS)  # the data stream keeps what does not fit here
        self._budget.charge(max(0, cost - self._budget.limit))
        await self._accept(records)
        await self._store.save_fact(self._place(shard.id), answer["Records"][-1]["SequenceNumber"])

    def _records(self, shard_id: str, raw: dict[str, Any]) -> list[Record]:
        arrival_ms = int(raw["ApproximateArrivalTimestamp"].timestamp() * 1000)
        return [
            Record(
                self._next_sequence(),
                arrival_ms,
                user.data,
                kinesis={
                    "shardId": shard_id,
                    "partitionKey": user.partition_key,
                    "approximateArrivalTimestamp": arrival_ms,
                    "sequenceNumber": raw["SequenceNumber"],
                    "subsequenceNumber": user.sub,
                },
            )
            for user in deaggregate(raw["Data"], raw["PartitionKey"])
        ]

    def _place(self, shard_id: str) -> str:
        return f"{self._stream.key}/{self._started.timestamp()}/{shard_id}"

    def _count_throttling(self, error: BotoCoreError | ClientError) -> None:
        if isinstance(error, ClientError) and "Throughput" in error.response["Error"]["Code"]:
            self._metrics.add(self._stream, f"Throttled{error.operation_name}", 1, "Count")
