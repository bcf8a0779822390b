"""The processors in front of the Lambda function, in Firehose's order, over items.

Order (notes 2): RecordDeAggregation, Decompression, CloudWatchLogProcessing, then Lambda, MetadataExtraction,
AppendDelimiter, format conversion, compression.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from local_firehose.delivery.failed_records import DECOMPRESSION_FAILED, PROCESSING_FAILED
from local_firehose.pipeline import deaggregation, decompression
from local_firehose.pipeline.ledger import Ledger
from local_firehose.records import Item
from local_firehose.streams.configuration import Configuration, processor

T = TypeVar("T")


class Each(Protocol):
    """Applies a function to the data of every item."""

    def __call__(self, function: Callable[[bytes], T], items: list[Item]) -> Awaitable[list[T | ValueError]]:
        """Results and errors, in order."""


@dataclass(frozen=True, slots=True)
class StageFailure:
    """An item a stage could not handle: the kind of error output, code and message."""

    item: Item
    error_type: str
    code: str
    message: str


def unpacks(configuration: Configuration) -> bool:
    """Whether a processor stands in front of the function."""
    return any(processor(configuration, kind) for kind in ("RecordDeAggregation", "Decompression"))


async def before_lambda(
    configuration: Configuration,
    items: list[Item],
    ledger: Ledger,
    each: Each,
    decompressed: Callable[[bool, Item], None],
) -> tuple[list[Item], list[StageFailure]]:
    """Items as the function (or the destination) sees them, and those that failed on the way.

    ``each`` applies a function to the data of every item, off the event loop; an error is a result too.
    """
    failures: list[StageFailure] = []
    if deaggregate := processor(configuration, "RecordDeAggregation"):
        parts = await each(partial(deaggregation.split, parameters=deaggregate), items)
        items = _deaggregated(items, parts, ledger, failures)
    if processor(configuration, "Decompression"):
        extraction = processor(configuration, "CloudWatchLogProcessing") or {}
        extract = extraction.get("DataMessageExtraction", "false").lower() == "true"
        contents = await each(partial(decompression.unpacked, extract=extract), items)
        items = _decompressed(items, contents, ledger, failures, decompressed)
    return items, failures


def _deaggregated(
    items: list[Item], parts: list[list[bytes] | ValueError], ledger: Ledger, failures: list[StageFailure]
) -> list[Item]:
    result: list[Item] = []
    for item, found in zip(items, parts, strict=True):
        if isinstance(found, ValueError):
            failures.append(StageFailure(item, PROCESSING_FAILED, "RecordDeAggregation.Failed", str(found)))
        elif found == [item.data]:
            result.append(item)
        else:
            result.extend(ledger.split(item, found))
    return result


def _decompressed(
    items: list[Item],
    contents: list[bytes | ValueError | None],
    ledger: Ledger,
    failures: list[StageFailure],
    decompressed: Callable[[bool, Item], None],
) -> list[Item]:
    result: list[Item] = []
    for item, content in zip(items, contents, strict=True):
        if isinstance(content, ValueError):
            failures.append(StageFailure(item, DECOMPRESSION_FAILED, decompression.ERROR_CODE, str(content)))
            decompressed(False, item)
            continue
        made = ledger.derive(item, content or b"")
        decompressed(True, made)
        if content is None:  # a control message: nothing to deliver
            ledger.settle([made])
        else:
            result.append(made)
    return result
