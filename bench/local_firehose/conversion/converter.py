"""One buffer of JSON records into one object, and the records that did not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.conversion import glue
from local_firehose.conversion.deserializer import MALFORMED, ConversionError, Options, Schema, rows
from local_firehose.conversion.serializer import Serialization, TableError, content_encoding, extension, table
from local_firehose.records import Item
from local_firehose.shares import Compute
from local_firehose.streams.stream import Stream

Rows = list[dict[str, Any]]
SLICE_BYTES = 1024 * 1024
SCHEMA_ATTEMPTS = 4  # how often Glue is asked before the records are given up (not documented, uncertain)


@dataclass(slots=True)
class Converted:
    """``body`` holds the rows of ``items``; ``failed`` says why the others are not in it."""

    body: bytes
    extension: str
    content_encoding: str = ""
    items: list[Item] = field(default_factory=list)
    failed: list[tuple[Item, ConversionError]] = field(default_factory=list)
    attempts: int = 1


async def convert(
    aws: Aws, clock: Clock, compute: Compute, stream: Stream, conversion: dict[str, Any], items: list[Item]
) -> Converted:
    """Convert what fits. When the schema cannot be had after some attempts, nothing fits."""
    attempt = 0
    while True:
        attempt += 1
        try:
            schema = await glue.schema(aws, stream, conversion["SchemaConfiguration"])
            break
        except ConversionError as error:
            if attempt == SCHEMA_ATTEMPTS:
                return Converted(b"", "", failed=[(item, error) for item in items], attempts=attempt)
        await clock.sleep(2.0 ** (attempt - 1))
    serializer = conversion["OutputFormatConfiguration"]["Serializer"]
    options = Options.of(conversion["InputFormatConfiguration"]["Deserializer"])
    result = Converted(b"", extension(serializer), content_encoding(serializer))
    made: Serialization | None = None
    for some in _slices(items):
        arrow_table = await compute.run(stream.key, _rows, some, schema, options, result)
        made = made or Serialization(arrow_table.schema, serializer)
        await compute.run(stream.key, made.add, arrow_table)
    if made and result.items:
        result.body = await compute.run(stream.key, made.close)
    return result


def _slices(items: list[Item]) -> Iterator[list[Item]]:
    """A slice holds Python's lock, and a thread, for a moment only."""
    some: list[Item] = []
    size = 0
    for item in items:
        some.append(item)
        size += len(item.data)
        if size >= SLICE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _rows(items: list[Item], schema: Schema, options: Options, result: Converted) -> Any:
    """The table of the items that fit; ``result`` gets them, and the others."""
    made: list[tuple[Item, Rows]] = []
    for item in items:
        try:
            made.append((item, rows(item.data, schema, options)))
        except ConversionError as error:
            result.failed.append((item, error))
    try:
        arrow_table = table(_all(made), schema)
    except TableError:  # one by one, to find whose rows they are
        made = [(item, found) for item, found in made if _fits(item, found, schema, result)]
        arrow_table = table(_all(made), schema)
    result.items += [item for item, _ in made]
    return arrow_table


def _all(made: list[tuple[Item, Rows]]) -> Rows:
    return [row for _, found in made for row in found]


def _fits(item: Item, found: Rows, schema: Schema, result: Converted) -> bool:
    try:
        table(found, schema)
    except TableError as error:
        result.failed.append((item, ConversionError(MALFORMED, f"Data does not match the schema. {error}")))
        return False
    return True
