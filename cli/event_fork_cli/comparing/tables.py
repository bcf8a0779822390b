"""Two DynamoDB tables, compared by their keys. Both are read once, with consistent reads.

Each item leaves its key and 16 bytes of a hash on disk, in 256 buckets by the key. One bucket at a time is in memory.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from event_fork.events.json_path import JsonPath
from event_fork_cli.archive_replay.spill import SpillBuffer, SpillWriter, bucket_files
from event_fork_cli.comparing.results import Comparison, Sample, Tally, What, fields_that_differ
from event_fork_cli.comparing.values import Flat, digest, flat_item, key_text
from event_fork_cli.errors import BadInputError
from event_fork_cli.verification.sightings import bucket_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SEGMENTS = 4
_NAME = re.compile(r"(arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table/)?[\w.-]{1,255}", re.ASCII)
_LIVE, _SHADOW = b"L", b"S"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the names of its key, partition key first, and their types: S, N or B."""

    name: str
    key: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def shown_key(self) -> str:
        """`customer (S), order (N)`."""
        return ", ".join(f"{name} ({kind})" for name, kind in zip(self.key, self.types, strict=True))


def compare_tables(
    client: DynamoDBClient,
    live_name: str,
    shadow_name: str,
    ignored: Sequence[JsonPath],
    samples: int,
    show: Callable[[int], None],
    *,
    from_copy: bool,
) -> Comparison:
    """Reads both and compares. Raises BadInputError when one is not there, or their keys are not alike."""
    live, shadow = _table(client, "LIVE", live_name), _table(client, "SHADOW", shadow_name)
    if live.shown_key != shadow.shown_key:
        rule = f"must have the key of {live.name}: {live.shown_key}"
        raise BadInputError("SHADOW", rule, example="orders-shadow", received=f"{shadow.name}: {shadow.shown_key}")
    tally = Tally(samples)
    with tempfile.TemporaryDirectory(prefix="event-fork-diff-") as folder:
        read = partial(_read, client, SpillWriter(Path(folder)), ignored, show)
        parts = [(side, table, part) for side, table in ((_LIVE, live), (_SHADOW, shadow)) for part in range(_SEGMENTS)]
        with ThreadPoolExecutor(_SEGMENTS) as threads:
            list(threads.map(lambda part: read(*part), parts))
        for files in bucket_files(Path(folder)):
            _compare(files, tally)
    found = tuple(_sample(client, live, shadow, ignored, what, key) for what, key in tally.cut())
    return tally.comparison(live_name, shadow_name, "items", found, from_copy=from_copy)


def _table(client: DynamoDBClient, option: str, name: str) -> Table:
    if not _NAME.fullmatch(name):
        raise BadInputError(option, "must be the name or ARN of a DynamoDB table", example="orders", received=name)
    try:
        found = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        raise BadInputError(option, "must be a DynamoDB table that exists", example="orders", received=name) from None
    parts = sorted(found["KeySchema"], key=lambda part: part["KeyType"] != "HASH")
    key = tuple(part["AttributeName"] for part in parts)
    types = {one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]}
    return Table(name, key, tuple(types[name] for name in key))


def _read(
    client: DynamoDBClient,
    writer: SpillWriter,
    ignored: Sequence[JsonPath],
    show: Callable[[int], None],
    side: bytes,
    table: Table,
    part: int,
) -> None:
    buffer = SpillBuffer(writer)
    pages = client.get_paginator("scan").paginate(
        TableName=table.name, Segment=part, TotalSegments=_SEGMENTS, ConsistentRead=True
    )
    for page in pages:
        for item in page["Items"]:
            key = _key_code({name: item[name] for name in table.key})
            buffer.add(
                bucket_of(key),
                b"%b\t%b\t%b\n" % (side, digest(flat_item(item, ignored)).hex().encode(), key),
            )
        show(len(page["Items"]))
    buffer.flush()


def _compare(files: list[Path], tally: Tally) -> None:
    sides: dict[bytes, dict[bytes, bytes]] = {_LIVE: {}, _SHADOW: {}}
    for path in files:
        with path.open("rb") as lines:
            for line in lines:
                side, value, key = line[:-1].split(b"\t")
                sides[side][key] = value
    for key in sides[_LIVE].keys() | sides[_SHADOW].keys():
        tally.add(key.decode(), sides[_LIVE].get(key), sides[_SHADOW].get(key))


def _sample(
    client: DynamoDBClient, live: Table, shadow: Table, ignored: Sequence[JsonPath], what: What, code: str
) -> Sample:
    key = _key_of(code)
    sides = [_flat(client, table, key, ignored) for table in (live, shadow)]
    return Sample(key_text(key), what, fields_that_differ(*sides))


def _flat(client: DynamoDBClient, table: Table, key: Any, ignored: Sequence[JsonPath]) -> Flat:
    item = client.get_item(TableName=table.name, Key=key, ConsistentRead=True).get("Item")
    return {} if item is None else flat_item(item, ignored)


def _key_code(key: dict[str, Any]) -> bytes:
    """On one line, without a tab; a binary part in hexadecimal digits."""
    return json.dumps(key, default=lambda value: {"hex": bytes(value).hex()}).encode()


def _key_of(code: str) -> dict[str, Any]:
    def whole(found: dict[str, Any]) -> Any:
        return bytes.fromhex(found["hex"]) if found.keys() == {"hex"} and isinstance(found["hex"], str) else found

    found: dict[str, Any] = json.loads(code, object_hook=whole)
    return found
