"""An object of compressed records, read by those that read archives."""

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.json
import pytest

from event_fork.archive.unpacking import decompress
from event_fork.sending.packing import pack_compressed

LINES = [json.dumps({"MessageId": f"m-{number}", "Message": "Grüße " * (number % 50)}) for number in range(3_000)]
COUNT_IDS = "select MessageId from read_json(?, format = 'newline_delimited')"


def zcat(file: Path) -> list[Any]:
    done = subprocess.run(["gzip", "-dc", file], capture_output=True, check=True)
    return [json.loads(line)["MessageId"] for line in done.stdout.splitlines()]


def python(file: Path) -> list[Any]:
    with gzip.open(file) as lines:
        return [json.loads(line)["MessageId"] for line in lines]


def by_duckdb(file: Path) -> list[Any]:
    return [row[0] for row in duckdb.execute(COUNT_IDS, [str(file)]).fetchall()]


def by_pyarrow(file: Path) -> list[Any]:
    return list(pyarrow.json.read_json(file)["MessageId"].to_pylist())


def replay(file: Path) -> list[Any]:
    whole = b"".join(decompress(iter([file.read_bytes()])))
    return [json.loads(line)["MessageId"] for line in whole.splitlines()]


@pytest.mark.parametrize("reader", [zcat, python, by_duckdb, by_pyarrow, replay])
def test_an_object_of_many_compressed_records_is_one_gzip_file_to_every_reader(
    reader: Callable[[Path], list[Any]], tmp_path: Path
) -> None:
    """Firehose writes records one after the other. Athena: by the end `.gz` of the key, with Hadoop's codec, which
    reads members one after the other since https://issues.apache.org/jira/browse/HADOOP-6835."""
    records = list(pack_compressed(((line, line.encode() + b"\n") for line in LINES), max_bytes=4_000))
    file = tmp_path / "orders-1-2026-11-23-10-00-00-1.gz"
    file.write_bytes(b"".join(record.data for record in records))

    assert len(records) > 5
    assert reader(file) == [json.loads(line)["MessageId"] for line in LINES]
