"""One stream at work: records in, buffers, deliveries out. The event loop moves them; what computes is beside it.

accept -> [raw backup]                                                  -> channel "backup"
       -> [channel "unpacking"] -> channel "lambda" -> [channel "keys"] -> channel "primary..."
       -> what fails anywhere                                           -> channel "errors/<type>"
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from local_firehose.delivery import failed_records
from local_firehose.delivery.channel import MIB, Channel, Hints
from local_firehose.destinations.settings import OpenSearchSettings, S3Settings
from local_firehose.error_log import event
from local_firehose.partition_keys import JqProcess, QueryError, partition_keys
from local_firehose.pipeline.ledger import Ledger
from local_firehose.pipeline.opensearch_delivery import OpenSearchDelivery
from local_firehose.pipeline.s3_delivery import S3Delivery, S3Role
from local_firehose.pipeline.stages import StageFailure, before_lambda, unpacks
from local_firehose.pipeline.tools import Tools
from local_firehose.pipeline.transformation import Failure, Outcome, TransformationError, payload_batches
from local_firehose.records import Item, Record, size_of
from local_firehose.streams.configuration import processor
from local_firehose.streams.kinds import OPENSEARCH
from local_firehose.streams.stream import Stream

MAX_OUTSTANDING_INVOCATIONS = 5
PARTITION_LIMIT = "DynamicPartitioning.ActivePartitionsLimitExceeded"
METADATA_FAILED = "DynamicPartitioning.MetadataExtractionFailed"
AT_ONCE = Hints(1, 0.0)
_FRONT = ("unpacking", "keys")  # channels that buffer nothing: they are there to wait in
_FRONT_SECONDS = 2.0
_AT_A_TIME = 500  # items that the event loop works on without a break
_UNPACKED_AT_ONCE = 64 * 1024  # bytes of records, of which GZIP makes a thousand times as much at most
T = TypeVar("T")
log = logging.getLogger(__name__)


class Pipeline:
    """The work of one stream."""

    def __init__(self, stream: Stream, tools: Tools) -> None:
        self.stream = stream
        self.ledger = Ledger(tools.budget, tools.store)
        self._tools = tools
        self._closed = False
        self._channels: dict[str, Channel] = {}
        self._partitions: dict[str, Channel] = {}  # the active ones, by what their prefix evaluates to
        self._invocations: set[asyncio.Task[None]] = set()
        self._invocation_slots = asyncio.Semaphore(MAX_OUTSTANDING_INVOCATIONS)
        self._jq = JqProcess()
        self._s3 = S3Delivery(stream, self.ledger, tools, self._add_error)
        self._opensearch = OpenSearchDelivery(stream, self.ledger, tools, self._add_error)

    @property
    def idle(self) -> bool:
        """Nothing is buffered, in an invocation or in a delivery."""
        return not self._invocations and all(channel.idle for channel in self._all_channels().values())

    def buffers(self) -> dict[str, dict[str, int]]:
        """Name -> items and bytes waiting, items in delivery (for the control API)."""
        return {
            name: {"items": len(channel), "bytes": channel.size, "delivering": channel.delivering}
            for name, channel in self._all_channels().items()
            if name not in _FRONT or not channel.idle
        }

    async def take_in(self, records: list[Record]) -> None:
        """Records paid for in the budget: into the store and on their way. What cannot be stored is paid back."""
        try:
            await self._tools.store.append(self.stream.key, records)
        except BaseException:
            self._tools.budget.charge(-sum(record.cost for record in records))
            raise
        self.accept(records)
        # Who moves the clock after a put moves it for its records: they are in buffers, unless a stage takes long.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FRONT_SECONDS):
                for name in _FRONT:
                    if name in self._channels:
                        await self._channels[name].passed()

    def accept(self, records: list[Record]) -> None:
        """Take records that are safe in the store and paid for in the budget."""
        self.ledger.accepted(records)
        if self._closed:  # deleted while the store wrote them: discarded with the rest
            self.ledger.abandon()
            return
        configuration = self.stream.destination
        if self._backs_up_all():
            copies = [self.ledger.another_output(record) for record in records]
            self._s3_channel("backup", S3Role.BACKUP).add(copies)
        items = [Item.of(record) for record in records]
        if unpacks(configuration):
            self._channel("unpacking", lambda: AT_ONCE, self._unpack, most=_UNPACKED_AT_ONCE).add(items)
        else:
            self._to_lambda(items)

    def keep_for(self, seconds: float) -> None:
        """How long delivery to S3 is tried before records are lost (24 hours unless a source keeps them longer)."""
        self._s3.retention_seconds = seconds

    def flush(self) -> None:
        """Deliver everything buffered now (control API; AWS has no such call)."""
        for channel in self._all_channels().values():
            channel.flush()

    async def close(self) -> None:
        """Stop working; what is not delivered stays in the store."""
        self._closed = True
        # From the front to the back: an invocation that ends makes room for the next, and fills the buffers behind it.
        for name in ("unpacking", "lambda"):
            if name in self._channels:
                await self._channels[name].close()
        for task in self._invocations:
            task.cancel()
        await asyncio.gather(*self._invocations, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in self._all_channels().values()))
        await self._jq.close()
        self.ledger.abandon()

    # --- stages -------------------------------------------------------------------------------------------------

    async def _room_behind(self, *stages: str) -> None:
        """While memory is short, make no more until what this stream has behind the ``stages`` is delivered."""
        budget = self._tools.budget
        while budget.short(self.ledger.charged) and not all(
            channel.idle for name, channel in self._all_channels().items() if name not in stages
        ):
            await budget.freed()

    async def _unpack(self, items: list[Item]) -> None:
        await self._room_behind("unpacking")
        items, failures = await before_lambda(
            self.stream.destination, items, self.ledger, self._each, self._count_decompression
        )
        self._fail_stage(failures)
        self._to_lambda(items)

    async def _each(self, function: Callable[[bytes], T], items: list[Item]) -> list[T | ValueError]:
        return await self._tools.compute.run(self.stream.key, _results, function, [item.data for item in items])

    def _to_lambda(self, items: list[Item]) -> None:
        if processor(self.stream.destination, "Lambda"):
            self._lambda_channel().add(items)
        else:
            self._after_lambda(items)

    async def _transform(self, items: list[Item]) -> None:
        for batch in payload_batches(items):
            await self._room_behind("unpacking", "lambda")
            await self._invocation_slots.acquire()
            task = asyncio.create_task(self._invoke(batch))
            self._invocations.add(task)
            task.add_done_callback(self._invocations.discard)

    async def _invoke(self, items: list[Item]) -> None:
        try:
            given = processor(self.stream.destination, "Lambda")
            if given is None:  # an update took the function away while these records waited for it
                self._after_lambda(items)
                return
            function_arn = given["LambdaArn"]
            try:
                outcome = await self._tools.invoker.transform(
                    self.stream, function_arn, int(given["NumberOfRetries"]), items
                )
            except TransformationError as error:
                self._fail_transformation([(item, error.failure) for item in items], error.attempts, function_arn)
                return
            self._apply(outcome, function_arn)
        except Exception:
            # A bug here must not lose records: they go through the function once more.
            left = [item for item in items if not item.done]
            log.exception("%s: transformation failed unexpectedly; %d records wait again", self.stream.name, len(left))
            self._lambda_channel().add(left)
        finally:
            self._invocation_slots.release()

    def _apply(self, outcome: Outcome, function_arn: str) -> None:
        metrics, stream = self._tools.metrics, self.stream
        metrics.add(stream, "SucceedProcessing.Records", 1, "Count", len(outcome.ok))
        for processed in outcome.ok:
            metrics.add(stream, "SucceedProcessing.Bytes", len(processed.item.source), "Bytes")
        self.ledger.settle(outcome.dropped)
        self._fail_transformation(outcome.failed, 1, function_arn)
        self._after_lambda(
            [
                self.ledger.derive(processed.item, processed.data, from_lambda=processed.partition_keys)
                for processed in outcome.ok
            ]
        )

    def _after_lambda(self, items: list[Item]) -> None:
        if self.stream.destination_kind == OPENSEARCH:
            self._channel("primary", self._opensearch_hints, self._opensearch.deliver, most=100 * MIB).add(items)
        elif self._partitioned():
            self._channel("keys", lambda: AT_ONCE, self._find_keys, most=MIB).add(items)
        else:
            self._s3_channel("primary", S3Role.PRIMARY).add(items)

    async def _find_keys(self, items: list[Item]) -> None:
        given = processor(self.stream.destination, "MetadataExtraction")
        found: list[dict[str, str] | QueryError | None] = [None] * len(items)
        if given is not None:
            started = time.perf_counter()
            found[:] = await self._jq.extract(given["MetadataExtractionQuery"], [item.data for item in items])
            milliseconds = (time.perf_counter() - started) * 1000 / len(items)
            self._tools.metrics.add(self.stream, "JQProcessing.Duration", milliseconds, "Milliseconds", len(items))
        for position, (item, keys) in enumerate(zip(items, found, strict=True)):
            self._partition(item, keys)
            if position % _AT_A_TIME == _AT_A_TIME - 1:
                await asyncio.sleep(0)

    def _partition(self, item: Item, keys: Mapping[str, str] | QueryError | None) -> None:
        try:
            if item.from_lambda:
                item = self.ledger.derive(item, item.data, from_lambda=partition_keys(item.from_lambda))
            if isinstance(keys, QueryError):
                raise keys
            if keys is not None:
                item = self.ledger.derive(item, item.data, from_query=keys)
            name = self._s3.partition(item)
        except QueryError as error:
            self._fail_stage([StageFailure(item, failed_records.PROCESSING_FAILED, METADATA_FAILED, str(error))])
            return
        limit = self._tools.settings.active_partitions
        if name not in self._partitions and len(self._partitions) >= limit:
            self._tools.metrics.add(self.stream, "PartitionCountExceeded", 1, "Count")
            message = f"The number of active partitions exceeds the limit of {limit}"
            self._fail_stage([StageFailure(item, failed_records.PROCESSING_FAILED, PARTITION_LIMIT, message)])
            return
        self._partition_channel(name).add([item])
        self._tools.metrics.add(self.stream, "PartitionCountExceeded", 0, "Count")
        self._tools.metrics.add(self.stream, "PartitionCount", len(self._partitions), "Count")

    async def _deliver_partition(self, items: list[Item]) -> None:
        """One object; several when an update of the prefix has split what was one partition."""
        groups: dict[str, list[Item]] = {}
        for item in items:
            try:
                groups.setdefault(self._s3.partition(item), []).append(item)
            except QueryError as error:
                self._fail_stage([StageFailure(item, failed_records.PROCESSING_FAILED, METADATA_FAILED, str(error))])
        for group in groups.values():
            await self._s3.deliver(group, role=S3Role.PRIMARY)

    # --- failures -----------------------------------------------------------------------------------------------

    def _fail_transformation(self, failed: list[tuple[Item, Failure]], attempts: int, function_arn: str) -> None:
        now = self._tools.clock.now_ms()
        for item, failure in failed:
            line = failed_records.processing_failed(
                item.source,
                error_code=failure.code,
                error_message=failure.message,
                attempts=attempts,
                arrival_ms=item.record.arrival_ms,
                ended_ms=now,
                lambda_arn=function_arn,
            )
            self._add_error(failed_records.PROCESSING_FAILED, item, line)
        for failure in {failure for _, failure in failed}:
            self._log_error(failure.code, failure.message, function_arn)

    def _fail_stage(self, failures: list[StageFailure]) -> None:
        now = self._tools.clock.now_ms()
        for failure in failures:
            line = failed_records.processing_failed(
                failure.item.source,
                error_code=failure.code,
                error_message=failure.message,
                attempts=1,
                arrival_ms=failure.item.record.arrival_ms,
                ended_ms=now,
            )
            self._add_error(failure.error_type, failure.item, line)
        for code, message in {(failure.code, failure.message) for failure in failures}:
            self._log_error(code, message, "")

    def _add_error(self, error_type: str, item: Item, line: bytes) -> None:
        channel = self._s3_channel(f"errors/{error_type}", S3Role.ERRORS, error_type)
        channel.add([self.ledger.derive(item, line)])

    def _log_error(self, code: str, message: str, function_arn: str) -> None:
        if self.stream.destination_kind == OPENSEARCH:
            where = OpenSearchSettings.of(self.stream.destination).logging
        else:
            where = self._s3_settings(S3Role.PRIMARY).logging
        body = event(
            self.stream, destination=self._destination_name(), code=code, message=message, processor=function_arn
        )
        self._tools.error_log.write(self.stream, where, body)

    def _destination_name(self) -> str:
        configuration = self.stream.destination
        if self.stream.destination_kind == OPENSEARCH:
            return str(configuration.get("DomainARN") or configuration["ClusterEndpoint"])
        return str(configuration["BucketARN"])

    # --- configuration in force, and channels ------------------------------------------------------------------

    def _backs_up_all(self) -> bool:
        return self.stream.destination["S3BackupMode"] in ("Enabled", "AllDocuments")

    def _partitioned(self) -> bool:
        return bool(self.stream.destination.get("DynamicPartitioningConfiguration", {}).get("Enabled"))

    def _lambda_hints(self) -> Hints:
        given = processor(self.stream.destination, "Lambda")
        if given is None:
            return Hints(1, 0.0)
        return Hints(int(float(given["BufferSizeInMBs"]) * MIB), float(given["BufferIntervalInSeconds"]) or 1.0)

    def _opensearch_hints(self) -> Hints:
        return OpenSearchSettings.of(self.stream.destination).hints

    def _s3_settings(self, role: S3Role) -> S3Settings:
        return self._s3.settings(role)

    def _s3_channel(self, name: str, role: S3Role, error_type: str = "") -> Channel:
        return self._channel(
            name, lambda: self._s3_settings(role).hints, partial(self._s3.deliver, role=role, error_type=error_type)
        )

    def _channel(
        self, name: str, hints: Callable[[], Hints], deliver: Callable[[list[Item]], Awaitable[None]], most: int = 0
    ) -> Channel:
        channel = self._channels.get(name)
        if channel is None:
            channel = Channel(f"{self.stream.name}/{name}", self._tools.clock, hints, deliver, most=most or 128 * MIB)
            self._channels[name] = channel
        return channel

    def _lambda_channel(self) -> Channel:
        # Invocations stay as large as the hint: a backlog is worked off by several at once.
        return self._channel("lambda", self._lambda_hints, self._transform, most=1)

    def _partition_channel(self, name: str) -> Channel:
        channel = self._partitions.get(name)
        if channel is None:
            channel = self._partitions[name] = Channel(
                f"{self.stream.name}/primary/{name}",
                self._tools.clock,
                lambda: self._s3_settings(S3Role.PRIMARY).hints,
                self._deliver_partition,
                emptied=lambda: self._forget_partition(name),
            )
        return channel

    def _forget_partition(self, name: str) -> None:
        del self._partitions[name]

    def _all_channels(self) -> dict[str, Channel]:
        partitions = {f"primary/{name}": channel for name, channel in self._partitions.items()}
        return {**self._channels, **partitions}

    def _count_decompression(self, succeeded: bool, item: Item) -> None:
        outcome = "Success" if succeeded else "Failed"
        self._tools.metrics.add(self.stream, f"OutputDecompressedRecords.{outcome}", 1, "Count")
        self._tools.metrics.add(self.stream, f"OutputDecompressedBytes.{outcome}", size_of([item]), "Bytes")


def _results(function: Callable[[bytes], T], data: list[bytes]) -> list[T | ValueError]:
    """What the function makes of each, an error as a value."""
    results: list[T | ValueError] = []
    for one in data:
        try:
            results.append(function(one))
        except ValueError as error:
            results.append(error)
    return results
