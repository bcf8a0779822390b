"""PutRecord and PutRecordBatch: which records are accepted, and what each is answered.

Sources: notes 1.3, 1.4; API reference PutRecordBatch ("FailedPutCount").
"""

import asyncio
import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass

from local_firehose.api.errors import (
    ApiError,
    InternalFailureError,
    InvalidArgumentError,
    InvalidKmsResourceError,
    InvalidSourceError,
    ResourceNotFoundError,
    ServiceUnavailableError,
)
from local_firehose.faults import Faults
from local_firehose.pipeline.tools import Tools
from local_firehose.records import Record
from local_firehose.registry import Entry
from local_firehose.streams.configuration import processor
from local_firehose.streams.keys import Keys
from local_firehose.streams.stream import ACTIVE, DELETING, DIRECT_PUT, Stream

MAX_BATCH_BYTES = 4 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
SLOW_DOWN = "Slow down."
_RECORD_ID_BYTES = 165  # RecordIds of AWS are about 220 characters


@dataclass(frozen=True, slots=True)
class Put:
    """The answer for one record: an id, or a code and message."""

    record_id: str = ""
    error_code: str = ""
    error_message: str = ""


class Ingest:
    """Takes records into streams."""

    def __init__(self, tools: Tools, faults: Faults, keys: Keys) -> None:
        self._tools = tools
        self._faults = faults
        self._keys = keys

    async def put(self, entry: Entry, data: Sequence[bytes]) -> list[Put]:
        """One answer per record, in order. ServiceUnavailableException when none could be accepted for throttling."""
        stream = entry.stream
        self._check_stream(stream)
        self._check_source(stream, data)
        await self._check_key(stream)
        total = sum(map(len, data))
        if total > MAX_BATCH_BYTES:
            raise InvalidArgumentError(
                f"Records size {total} bytes exceeds the maximum allowed size of {MAX_BATCH_BYTES} bytes"
            )
        metrics = self._tools.metrics
        metrics.add(stream, "IncomingPutRequests", 1, "Count")
        answers = self._admit_all(entry, data) if self._request_admitted(entry) else None
        throttled = len(data) if answers is None else sum(a.error_message == SLOW_DOWN for a in answers)
        metrics.add(stream, "ThrottledRecords", throttled, "Count")
        if answers is None or (throttled == len(data) and not self._faults.any_at("put-entry")):
            raise ServiceUnavailableError(SLOW_DOWN)
        now_ms = self._tools.clock.now_ms()
        records = [
            Record(self._tools.next_sequence(), now_ms, one)
            for one, answer in zip(data, answers, strict=True)
            if not answer.error_code
        ]
        if records:
            # Shielded: a caller that hangs up must not stop records between the store and the pipeline.
            await asyncio.shield(entry.pipeline.take_in(records))
            metrics.add(stream, "IncomingRecords", len(records), "Count")
            metrics.add(stream, "IncomingBytes", sum(len(record.data) for record in records), "Bytes")
        return answers

    def _check_stream(self, stream: Stream) -> None:
        if stream.status not in (ACTIVE, DELETING):
            raise ResourceNotFoundError(f"Firehose {stream.name} is not active in {stream.account} account.")
        if stream.kind != DIRECT_PUT:
            raise InvalidArgumentError(f"This operation is not permitted on {stream.kind} delivery stream type.")

    def _check_source(self, stream: Stream, data: Sequence[bytes]) -> None:
        """Only CloudWatch Logs may put to a stream that decompresses. Who puts cannot be seen here, but what: GZIP."""
        if processor(stream.destination, "Decompression") and not all(one.startswith(GZIP_MAGIC) for one in data):
            raise InvalidSourceError(
                f"Only CloudWatch Logs can put records to Firehose {stream.name} as it has decompression enabled.",
                code="InvalidSource",
            )

    async def _check_key(self, stream: Stream) -> None:
        key_arn = stream.encryption.key_in_force
        if not key_arn:
            return
        problem = await self._keys.problem(stream.account, stream.region, key_arn)
        if problem:
            self._tools.metrics.add(stream, problem.metric, 1, "Count")
            raise InvalidKmsResourceError(problem.message, code=problem.code)

    def _request_admitted(self, entry: Entry) -> bool:
        return not self._tools.settings.enforce_quotas or entry.meter.request()

    def _admit_all(self, entry: Entry, data: Sequence[bytes]) -> list[Put]:
        answers, own = [], entry.pipeline.ledger.charged
        for one in data:
            cost = Record(0, 0, one).cost
            answers.append(self._admit(entry, one, cost, own))
            own += cost
        return answers

    def _admit(self, entry: Entry, data: bytes, cost: int, own: int) -> Put:
        if self._faults.any_at("put-entry") and (fault := self._faults.hit("put-entry", entry.stream.name)):
            return Put(error_code=fault.options["code"], error_message=fault.options["message"])
        if self._tools.settings.enforce_quotas and not entry.meter.record(len(data)):
            return Put(error_code="ServiceUnavailableException", error_message=SLOW_DOWN)
        if not self._tools.budget.take(cost, own):
            return Put(error_code="ServiceUnavailableException", error_message=SLOW_DOWN)
        return Put(record_id=_record_id())

    def refusal(self, answer: Put) -> ApiError:
        """The error a single PutRecord gets for what would be a failed entry of a batch."""
        if answer.error_code == "ServiceUnavailableException":
            return ServiceUnavailableError(answer.error_message)
        return InternalFailureError(answer.error_message)


def _record_id() -> str:
    return base64.b64encode(os.urandom(_RECORD_ID_BYTES)).decode("ascii")
