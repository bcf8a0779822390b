"""The processors in front of the Lambda function, in Firehose's order, over items. No waiting, no calls outside.

Order (notes 2): RecordDeAggregation, Decompression, CloudWatchLogProcessing, then Lambda, MetadataExtraction,
AppendDelimiter, format conversion, compression.
"""

from collections.abc import Callable
from dataclasses import dataclass

from local_firehose.delivery.failed_records import DECOMPRESSION_FAILED, PROCESSING_FAILED
from local_firehose.pipeline import deaggregation, decompression
from local_firehose.pipeline.ledger import Ledger
from local_firehose.records import Item
from local_firehose.streams.configuration import Configuration, processor


@dataclass(frozen=True, slots=True)
class StageFailure:
    """An item a stage could not handle: the kind of error output, code and message."""

    item: Item
    error_type: str
    code: str
    message: str


def before_lambda(
    configuration: Configuration, items: list[Item], ledger: Ledger, decompressed: Callable[[bool, Item], None]
) -> tuple[list[Item], list[StageFailure]]:
    """Items as the function (or the destination) sees them, and those that failed on the way."""
    failures: list[StageFailure] = []
    if deaggregate := processor(configuration, "RecordDeAggregation"):
        items = _deaggregate(deaggregate, items, ledger, failures)
    if processor(configuration, "Decompression"):
        extraction = processor(configuration, "CloudWatchLogProcessing") or {}
        extract = extraction.get("DataMessageExtraction", "false").lower() == "true"
        items = _decompress(items, ledger, failures, decompressed, extract=extract)
    return items, failures


def _deaggregate(given: dict[str, str], items: list[Item], ledger: Ledger, failures: list[StageFailure]) -> list[Item]:
    result: list[Item] = []
    for item in items:
        try:
            parts = deaggregation.split(item.data, given)
        except deaggregation.DeaggregationError as error:
            failures.append(StageFailure(item, PROCESSING_FAILED, "RecordDeAggregation.Failed", str(error)))
            continue
        if len(parts) == 1 and parts[0] == item.data:
            result.append(item)
        else:
            result.extend(ledger.split(item, parts))
    return result


def _decompress(
    items: list[Item],
    ledger: Ledger,
    failures: list[StageFailure],
    decompressed: Callable[[bool, Item], None],
    *,
    extract: bool,
) -> list[Item]:
    result: list[Item] = []
    for item in items:
        try:
            content = decompression.decompress(item.data)
            messages = decompression.log_messages(content) if extract else None
        except decompression.DecompressionError as error:
            failures.append(StageFailure(item, DECOMPRESSION_FAILED, decompression.ERROR_CODE, str(error)))
            decompressed(False, item)
            continue
        made = ledger.derive(item, content if messages is None else b"".join(messages))
        decompressed(True, made)
        if messages == []:  # a control message: nothing to deliver
            ledger.settle([made])
        else:
            result.append(made)
    return result
