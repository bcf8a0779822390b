"""What flows through a stream: records as they were put, and the items the stages make of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# What one record costs in memory besides its bytes (objects, ids, list slots); measured by benchmarks/.
RECORD_OVERHEAD = 300


@dataclass(slots=True, eq=False)
class Record:
    """One record as it was put. It is kept (and with --state stored) until every output made of it is settled."""

    sequence: int
    arrival_ms: int
    data: bytes
    outputs: int = 1
    kinesis: Mapping[str, Any] | None = None

    @property
    def sequence_number(self) -> str:
        """56 digits, as in the document ids of the SNS guide's samples; the same after a restart."""
        return f"496{self.sequence:053d}"

    @property
    def cost(self) -> int:
        """Bytes charged to the memory budget."""
        return len(self.data) + RECORD_OVERHEAD


@dataclass(slots=True, eq=False)
class Item:
    """Something on its way to one output: a record, a sub-record of it, or the error document made of it."""

    record: Record
    data: bytes
    source: bytes  # the record as it was put, or the sub-record: what metrics count and error documents hold
    sub: int = 0
    from_lambda: Mapping[str, Any] | None = None  # as the function answered it; text once it is partitioned
    from_query: Mapping[str, str] | None = None
    done: bool = False  # settled, or replaced by what a stage made of it

    @classmethod
    def of(cls, record: Record) -> "Item":
        """The whole record, as it was put."""
        return cls(record, record.data, record.data)

    @property
    def record_id(self) -> str:
        """The id a transformation function sees: opaque, stable over retries, not the RecordId of the put."""
        return f"{self.record.sequence_number}{self.sub:06d}"

    @property
    def document_id(self) -> str:
        """The ``_id`` of FIREHOSE_DEFAULT: unique per record and the same on every retry."""
        return f"{self.record.sequence_number}.{self.sub}"


def size_of(items: Iterable[Item]) -> int:
    """Bytes of the items' data."""
    return sum(len(item.data) for item in items)


def oldest_ms(items: Iterable[Item]) -> int:
    """Arrival of the oldest record: the time in object names."""
    return min(item.record.arrival_ms for item in items)
