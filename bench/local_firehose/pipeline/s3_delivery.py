"""Buffers into S3 objects: key, delimiter, compression, and retries for up to 24 hours.

Sources: notes 4; developer guide "Handle data delivery failures" (S3: 24 hours, then the data is lost); API reference
DynamicPartitioningConfiguration (RetryOptions: "in case Firehose is unable to deliver data to an Amazon S3 prefix") and
developer guide "Troubleshoot dynamic partitioning errors" (the error prefix holds "all the records that Firehose is not
able to deliver to the specified Amazon S3 destination"; under which error type is not said).
"""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from typing import Any

from local_firehose.conversion.converter import Converted, convert
from local_firehose.conversion.glue import catalog_table
from local_firehose.delivery.compression import FORMATS, compress
from local_firehose.delivery.expressions import RANDOM_LENGTH, evaluate
from local_firehose.delivery.failed_records import (
    CONVERSION_FAILED,
    PROCESSING_FAILED,
    conversion_failed,
    processing_failed,
)
from local_firehose.delivery.keys import (
    MAX_EVALUATED_PREFIX,
    arrival,
    error_prefix,
    object_name,
    object_prefix,
)
from local_firehose.destinations.s3 import S3WriteError
from local_firehose.destinations.settings import S3Settings
from local_firehose.error_log import event
from local_firehose.partition_keys import QueryError
from local_firehose.pipeline.ledger import Ledger
from local_firehose.pipeline.tools import Tools
from local_firehose.records import Item, oldest_ms, size_of
from local_firehose.streams.configuration import processor
from local_firehose.streams.kinds import OPENSEARCH
from local_firehose.streams.stream import Stream

RETENTION_SECONDS = 24 * 3600.0
_MOST_BACKOFF_SECONDS = 60.0
log = logging.getLogger(__name__)


class S3Role(Enum):
    """Which S3 configuration an object is written with."""

    PRIMARY = "primary"
    BACKUP = "backup"
    ERRORS = "errors"


class S3Delivery:
    """Delivers the S3 side of one stream. ``reject`` takes (error type, item, line of the error object)."""

    def __init__(
        self, stream: Stream, ledger: Ledger, tools: Tools, reject: Callable[[str, Item, bytes], None]
    ) -> None:
        self._stream = stream
        self._ledger = ledger
        self._tools = tools
        self._reject = reject
        self.retention_seconds = RETENTION_SECONDS
        self._conversion_errors_written = asyncio.Event()
        self._conversion_errors_written.set()

    def settings(self, role: S3Role) -> S3Settings:
        """The configuration in force now."""
        configuration = self._stream.destination
        if self._stream.destination_kind == OPENSEARCH:
            return S3Settings.of(configuration["S3Configuration"])
        if role is S3Role.BACKUP:
            return S3Settings.of(configuration["S3BackupConfiguration"])
        return S3Settings.of(configuration)

    def partition(self, item: Item) -> str:
        """What tells one active partition from another: the values its prefix uses. QueryError when one is missing."""
        settings = self.settings(S3Role.PRIMARY)
        try:
            folder = evaluate(
                settings.prefix,
                datetime.fromtimestamp(0, arrival(0, settings.time_zone).tzinfo),
                from_query=item.from_query,
                from_lambda=item.from_lambda,
                random=lambda: "0" * RANDOM_LENGTH,  # random strings do not make partitions
            )
        except KeyError as error:
            raise QueryError(f"partition key {error} is not among the keys of the record") from error
        if len(folder) > MAX_EVALUATED_PREFIX:
            raise QueryError(f"the evaluated prefix is longer than {MAX_EVALUATED_PREFIX} characters")
        return folder

    async def deliver(self, items: list[Item], *, role: S3Role, error_type: str = "") -> None:
        """Write the items as one object; returns when each is written, rejected, or lost after the retention."""
        clock = self._tools.clock
        started = clock.elapsed()
        attempts, backoff = 0, 1.0
        converted: Converted | None = None
        if role is S3Role.PRIMARY and (conversion := self._conversion()):
            await self._conversion_errors_written.wait()
            converted = await self._convert(items, conversion)
            items = converted.items
            if not items:
                return
        while True:
            settings = self.settings(role)
            attempts += 1
            try:
                await self._write(items, settings, role, error_type, converted)
                break
            except S3WriteError as error:
                self._failed(role, settings, error)
                if error_type == CONVERSION_FAILED:
                    self._conversion_errors_written.clear()
                left = started + self._retry_seconds(role, error_type) - clock.elapsed()
                if left <= 0:
                    self._give_up(items, role, error, attempts)
                    return
            await clock.sleep(min(backoff, left))
            backoff = min(backoff * 2, _MOST_BACKOFF_SECONDS)
        self._succeeded(items, role)
        if error_type == CONVERSION_FAILED:
            self._conversion_errors_written.set()
        self._ledger.settle(items)

    def _retry_seconds(self, role: S3Role, error_type: str) -> float:
        """How long a refused object is tried again."""
        if error_type == CONVERSION_FAILED:
            return math.inf  # "retries it forever, blocking further delivery"
        if role is S3Role.PRIMARY and (partitioning := self._partitioning()):
            return float(partitioning["RetryOptions"]["DurationInSeconds"])
        return self.retention_seconds

    def _give_up(self, items: list[Item], role: S3Role, error: S3WriteError, attempts: int) -> None:
        """Records of a partition go to the error prefix; that, and everything else, is lost after the retention."""
        if role is not S3Role.PRIMARY or not self._partitioning():
            hours = self.retention_seconds / 3600
            log.error("%s: %d records are lost after %g hours: %s", self._stream.name, len(items), hours, error)
            self._ledger.settle(items)
            return
        now = self._tools.clock.now_ms()
        for item in items:
            line = processing_failed(
                item.source,
                error_code=error.code,
                error_message=error.message,
                attempts=attempts,
                arrival_ms=item.record.arrival_ms,
                ended_ms=now,
            )
            self._reject(PROCESSING_FAILED, item, line)

    async def _write(
        self, items: list[Item], settings: S3Settings, role: S3Role, error_type: str, converted: Converted | None
    ) -> None:
        compression = "UNCOMPRESSED" if converted else self._compression(settings, role)
        instant = arrival(oldest_ms(items), settings.time_zone)
        folder = self._folder(items[0], settings, role, error_type, instant)
        default_extension = converted.extension if converted else FORMATS[compression].extension
        # The stream's FileExtension is for the data; error objects and backups keep their own.
        extension = (settings.extension if role is S3Role.PRIMARY else "") or default_extension
        name = object_name(self._stream.name, self._stream.version, instant, extension)
        if converted:
            body = converted.body
        else:
            body = await self._tools.compute.run(self._stream.key, compress, self._chunks(items, role), compression)
        encoding = converted.content_encoding if converted else FORMATS[compression].content_encoding
        await self._tools.s3.put(self._stream, settings, folder + name, body, encoding)

    def _partitioning(self) -> dict[str, Any] | None:
        partitioning: dict[str, Any] = self._stream.destination.get("DynamicPartitioningConfiguration", {})
        return partitioning if partitioning.get("Enabled") else None

    def _conversion(self) -> dict[str, Any] | None:
        conversion: dict[str, Any] = self._stream.destination.get("DataFormatConversionConfiguration", {})
        return conversion if conversion.get("Enabled") else None

    async def _convert(self, items: list[Item], conversion: dict[str, Any]) -> Converted:
        tools, stream = self._tools, self._stream
        converted = await convert(tools.aws, tools.clock, tools.compute, stream, conversion, items)
        now = tools.clock.now_ms()
        table = catalog_table(stream, conversion["SchemaConfiguration"])
        for outcome, group in (
            ("Succeed", converted.items),
            ("Failed", [item for item, _ in converted.failed]),
        ):
            tools.metrics.add(stream, f"{outcome}Conversion.Records", 1, "Count", len(group))
            if group:
                tools.metrics.add(stream, f"{outcome}Conversion.Bytes", size_of(group), "Bytes")
        for item, error in converted.failed:
            line = conversion_failed(
                item.data,
                error_code=error.code,
                error_message=error.message,
                attempts=converted.attempts,
                arrival_ms=item.record.arrival_ms,
                ended_ms=now,
                sequence_number=item.record.sequence_number,
                sub_sequence=item.sub,
                table=table,
            )
            self._reject(CONVERSION_FAILED, item, line)
        for code, message in {(error.code, error.message) for _, error in converted.failed}:
            self._log(self.settings(S3Role.PRIMARY), code, message)
        return converted

    def _folder(self, item: Item, settings: S3Settings, role: S3Role, error_type: str, instant: datetime) -> str:
        if role is S3Role.ERRORS:
            return evaluate(error_prefix(settings.prefix, settings.error_prefix), instant, error_type=error_type)
        prefix = object_prefix(
            settings.prefix, append_time_without_timestamp=self._tools.settings.append_time_to_expressions
        )
        return evaluate(prefix, instant, from_query=item.from_query, from_lambda=item.from_lambda)

    def _compression(self, settings: S3Settings, role: S3Role) -> str:
        if role is S3Role.ERRORS and not self._tools.settings.compress_error_objects:
            return "UNCOMPRESSED"
        return settings.compression

    def _chunks(self, items: list[Item], role: S3Role) -> Iterator[bytes]:
        append = role is S3Role.PRIMARY and processor(self._stream.destination, "AppendDelimiterToRecord") is not None
        trailing = self._tools.settings.trailing_delimiter
        last = len(items) - 1
        for position, item in enumerate(items):
            yield item.data
            if append and (trailing or position < last):
                yield b"\n"

    def _succeeded(self, items: list[Item], role: S3Role) -> None:
        metrics, stream = self._tools.metrics, self._stream
        name = self._metric(role)
        metrics.add(stream, f"{name}.Success", 1, "Count")
        log.info("%s: %s wrote %d items, %d bytes", stream.name, role.value, len(items), size_of(items))
        if role is S3Role.ERRORS and stream.destination_kind == OPENSEARCH:
            return  # Bytes, Records and DataFreshness are those of AllDocuments
        metrics.add(stream, f"{name}.Records", len(items), "Count")
        metrics.add(stream, f"{name}.Bytes", sum(len(item.source) for item in items), "Bytes")
        age = max(0.0, self._tools.clock.now() - oldest_ms(items) / 1000)
        metrics.add(stream, f"{name}.DataFreshness", age, "Seconds")
        if role is S3Role.PRIMARY and self._partitioning():
            metrics.add(stream, f"{name}.ObjectCount", 1, "Count")
            metrics.add(stream, "PerPartitionThroughput", size_of(items) / max(age, 1.0), "Bytes/Second")

    def _metric(self, role: S3Role) -> str:
        backup = role is S3Role.BACKUP and self._stream.destination_kind != OPENSEARCH
        return "BackupToS3" if backup else "DeliveryToS3"

    def _failed(self, role: S3Role, settings: S3Settings, error: S3WriteError) -> None:
        self._tools.metrics.add(self._stream, f"{self._metric(role)}.Success", 0, "Count")
        self._log(settings, error.code, error.message)

    def _log(self, settings: S3Settings, code: str, message: str) -> None:
        destination = f"arn:{self._stream.partition}:s3:::{settings.bucket}"
        body = event(self._stream, destination=destination, code=code, message=message, s3=True)
        self._tools.error_log.write(self._stream, settings.logging, body)
