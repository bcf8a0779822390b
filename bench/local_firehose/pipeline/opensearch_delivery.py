"""Buffers into bulk requests: retries for the configured duration, refused documents into the error output.

Which codes Firehose retries is not documented; the rule is in destinations/bulk.py, the cadence a setting.
Sources: notes 5; developer guide "Handle data delivery failures".
"""

import logging
from collections.abc import Callable, Iterator

from local_firehose.delivery import failed_records
from local_firehose.destinations.bulk import Rejection, action, retried_item, retried_request, unfit
from local_firehose.destinations.index_names import index_name
from local_firehose.destinations.opensearch import BulkRequestError
from local_firehose.destinations.settings import OpenSearchSettings
from local_firehose.error_log import event
from local_firehose.pipeline.ledger import Ledger
from local_firehose.pipeline.tools import Tools
from local_firehose.records import Item, oldest_ms
from local_firehose.streams.stream import Stream

MAX_BULK_BYTES = 10 * 1024 * 1024  # one HTTP request; OpenSearch itself refuses above 100 MB
RETRY_EVERY_SECONDS = 300.0  # "Firehose retries every 5 minutes"; quicker at first (uncertain)
log = logging.getLogger(__name__)
_METRIC = "DeliveryToAmazonOpenSearchService"


class OpenSearchDelivery:
    """Delivers one stream's documents. ``reject`` takes (error type, item, line of the error object)."""

    def __init__(
        self, stream: Stream, ledger: Ledger, tools: Tools, reject: Callable[[str, Item, bytes], None]
    ) -> None:
        self._stream = stream
        self._ledger = ledger
        self._tools = tools
        self._reject = reject

    async def deliver(self, items: list[Item]) -> None:
        """Index the items; returns when each is in the index or handed to the error output."""
        clock = self._tools.clock
        started = clock.elapsed()
        pending = self._fit(items)
        attempt = 0
        while pending:
            attempt += 1
            refused: list[tuple[Item, Rejection]] = []
            for batch in _requests(pending):
                refused.extend(await self._attempt(batch, attempt))
            if not refused:
                return
            left = started + self._settings().retry_seconds - clock.elapsed()
            if left <= 0:
                for item, rejection in refused:
                    self._give_up(item, rejection, attempt)
                return
            await clock.sleep(min(self._pause(attempt), left))
            pending = [item for item, _ in refused]

    def _settings(self) -> OpenSearchSettings:
        return OpenSearchSettings.of(self._stream.destination)

    def _pause(self, attempt: int) -> float:
        step = self._tools.settings.opensearch_retry_step
        return step if step is not None else min(2.0 ** (attempt - 1), RETRY_EVERY_SECONDS)

    def _fit(self, items: list[Item]) -> list[Item]:
        fit: list[Item] = []
        for item in items:
            rejection = unfit(item.data)
            if rejection is None:
                fit.append(item)
            else:
                self._give_up(item, rejection, 1)
        return fit

    async def _attempt(self, items: list[Item], attempt: int) -> list[tuple[Item, Rejection]]:
        """One bulk request; the documents to try again, each with its last refusal."""
        settings = self._settings()
        actions = [
            action(item.data, self._index(item), item.document_id if settings.with_document_id else "")
            for item in items
        ]
        try:
            results = await self._tools.opensearch.bulk(self._stream, settings, actions)
        except BulkRequestError as error:
            return self._request_failed(items, error, attempt)
        again: list[tuple[Item, Rejection]] = []
        indexed: list[Item] = []
        for item, (status, error_object) in zip(items, results, strict=True):
            if status < 300:
                indexed.append(item)
                continue
            rejection = Rejection(str(status), error_object)
            self._count_failure(status)
            self._log_error(rejection)
            if retried_item(status):
                again.append((item, rejection))
            else:
                self._give_up(item, rejection, attempt)
        self._count_indexed(indexed)
        self._ledger.settle(indexed)
        return again

    def _request_failed(self, items: list[Item], error: BulkRequestError, attempt: int) -> list[tuple[Item, Rejection]]:
        rejection = Rejection(error.code, error.message)
        self._count_failure(error.status, len(items))
        self._log_error(rejection)
        if error.status == 0 or retried_request(error.status):
            return [(item, rejection) for item in items]
        for item in items:
            self._give_up(item, rejection, attempt)
        return []

    def _give_up(self, item: Item, rejection: Rejection, attempts: int) -> None:
        line = failed_records.opensearch_failed(
            item.data,
            error_code=rejection.code,
            error_message=rejection.message,
            attempts=attempts,
            arrival_ms=item.record.arrival_ms,
            ended_ms=self._tools.clock.now_ms(),
            document_id=item.document_id if self._settings().with_document_id else "",
            index=self._index(item),
        )
        self._reject(failed_records.OPENSEARCH_FAILED, item, line)

    def _index(self, item: Item) -> str:
        settings = self._settings()
        return index_name(settings.index, settings.rotation, item.record.arrival_ms)

    def _count_indexed(self, items: list[Item]) -> None:
        if not items:
            return
        metrics, stream = self._tools.metrics, self._stream
        metrics.add(stream, f"{_METRIC}.Success", 1, "Count", len(items))
        metrics.add(stream, f"{_METRIC}.Records", len(items), "Count")
        for trouble in ("AuthFailure", "DeliveryRejected"):  # 0 says that there is none
            metrics.add(stream, f"{_METRIC}.{trouble}", 0, "Count")
        metrics.add(stream, f"{_METRIC}.Bytes", sum(len(item.data) for item in items), "Bytes")
        age = max(0.0, self._tools.clock.now() - oldest_ms(items) / 1000)
        metrics.add(stream, f"{_METRIC}.DataFreshness", age, "Seconds")
        log.info("%s: indexed %d documents", stream.name, len(items))

    def _count_failure(self, status: int, documents: int = 1) -> None:
        metrics, stream = self._tools.metrics, self._stream
        metrics.add(stream, f"{_METRIC}.Success", 0, "Count", documents)
        metrics.add(stream, f"{_METRIC}.AuthFailure", float(status in (401, 403)), "Count")
        metrics.add(stream, f"{_METRIC}.DeliveryRejected", float(status == 429), "Count")

    def _log_error(self, rejection: Rejection) -> None:
        settings = self._settings()
        destination = settings.domain_arn or settings.endpoint
        body = event(self._stream, destination=destination, code=rejection.code, message=rejection.message)
        self._tools.error_log.write(self._stream, settings.logging, body)


def _requests(items: list[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and size + len(item.data) > MAX_BULK_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.data) + 200
    if batch:
        yield batch
