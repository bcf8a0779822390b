"""What an archive may look like: folders x content x compression, read or named; docs/cli.md has the same names."""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import cramjam
import pytest

from event_fork.archive import snappy
from event_fork.archive.layout import detect
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.raw_lines import ENVELOPES, RAW_LINES
from event_fork.archive.selection import Criteria
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import Window, timestamp_text
from event_fork.replay_plan.plan import BODY_RAW
from event_fork_cli.archive_replay.scanning import ScannedObject, Scanner
from event_fork_cli.archive_replay.segments import SegmentLimits
from event_fork_cli.archive_replay.spill import SpillWriter
from testbench.paths import PROJECT
from tests.support.memory_archive import MemoryArchive

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
WINDOW = Window(TEN, TEN + timedelta(hours=1))
EVENTS = [
    StoredEvent(f"id-{n}", "arn:aws:sns:eu-west-1:123456789012:orders", f'{{"n":{n}}}', timestamp_text(TEN))
    for n in range(3)
]
LINES = [event.to_line()[:-1] for event in EVENTS]
WHOLE = b"\n".join(LINES)

FOLDERS = [
    "date=2026-11-23/hour=10/",
    "2026/11/23/10/",
    "year=2026/month=11/day=23/",
    "year=2026/month=11/day=23/hour=10/",
    "2026-11-23/10/",
    "",
    "store=berlin/date=2026-11-23/hour=10/",
]
READ_CONTENT: dict[str, bytes] = {
    "JSON lines in UTF-8": WHOLE + b"\n",
    "byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "`\\r\\n`": b"\r\n".join(LINES),
    "RFC 7464": b"".join(b"\x1e" + line + b"\n" for line in LINES),
    "joined without a newline": b"".join(LINES),
    "with blanks": b" ".join(LINES),
}
NAMED_CONTENT: dict[str, bytes] = {
    "a JSON array": b"[" + b",".join(LINES) + b"]",
    "UTF-16": WHOLE.decode().encode("utf-16"),
    "Parquet": b"PAR1" + bytes(90),
    "encrypted Parquet": b"PARE" + bytes(90),
    "ORC": b"ORC" + bytes(90),
    "Avro": b"Obj\x01" + bytes(90),
    "no SNS envelope": b'{"order":1}\n[]\ntext\n',
}


def _zip(data: bytes, method: int = zipfile.ZIP_DEFLATED, flags: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("entry", data)
    made = bytearray(file.getvalue())
    made[6] |= flags  # of the entry itself, and of its line in the directory
    made[made.rfind(b"PK\x01\x02") + 8] |= flags
    return bytes(made)


def _xerial(data: bytes) -> bytes:
    blocks = [data[start : start + 32_768] for start in range(0, len(data), 32_768)]
    packed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
    return snappy.MAGIC + bytes([0, 0, 0, 1] * 2) + b"".join(len(one).to_bytes(4, "big") + one for one in packed)


def _hadoop(data: bytes) -> bytes:
    packed = bytes(cramjam.snappy.compress_raw(data))
    return len(data).to_bytes(4, "big") + len(packed).to_bytes(4, "big") + packed


def _tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("entry")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


READ_COMPRESSION: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "GZIP": lambda data: gzip.compress(data, 1, mtime=0),
    "several members": lambda data: gzip.compress(data[:99], 1, mtime=0) + gzip.compress(data[99:], 1, mtime=0),
    "twice": lambda data: gzip.compress(gzip.compress(data, 1, mtime=0), 1, mtime=0),
    "deflated": _zip,
    "stored": lambda data: _zip(data, zipfile.ZIP_STORED),
    "Snappy as Firehose writes it": _xerial,
    "`HADOOP_SNAPPY`": _hadoop,
    "Zstandard": lambda data: bytes(cramjam.zstd.compress(data)),
}
NAMED_COMPRESSION: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": lambda data: bz2.compress(data[:999]),
    "xz": lambda data: lzma.compress(data[:999]),
    "LZ4": lambda data: bytes(cramjam.lz4.compress(data[:999])),
    "framed Snappy": lambda data: bytes(cramjam.snappy.compress(data[:999])),
    "7-Zip": lambda data: b"7z\xbc\xaf\x27\x1c" + data[:9],
    "LZO": lambda data: b"\x89LZO" + data[:9],
    "RAR": lambda data: b"Rar!\x1a\x07" + data[:9],
    "compress (.Z)": lambda data: b"\x1f\x9d\x90" + data[:9],
    "tar": lambda data: _tar(data[:9999]),
    "other methods of ZIP": lambda data: _zip(data[:999], zipfile.ZIP_BZIP2),
    "encrypted ZIP": lambda data: _zip(data[:999], flags=1),
}
SAID = {  # where the words of the reason are not those of the page
    "other methods of ZIP": "is a ZIP by method 12",
    "encrypted ZIP": "is an encrypted ZIP",
    "a JSON array": "is one JSON array",
    "no SNS envelope": "Type is not Notification",
}


def read(folders: str, body: bytes, line_form: str = ENVELOPES) -> ScannedObject:
    """The one object of an archive with these folders, found as a plan finds it."""
    key = f"{folders}orders-1-2026-11-23-10-00-00-0a1b2c3d-0000-4000-8000-000000000000"
    archive = MemoryArchive({key: body})
    layout = detect(archive, "")
    assert layout is not None, folders
    (listed,) = needed_objects(archive, Reach("", WINDOW, timedelta(hours=1), TEN + timedelta(days=1), layout))
    with tempfile.TemporaryDirectory() as spill:
        limits = SegmentLimits(100)
        return Scanner(archive, Criteria(WINDOW), limits, BODY_RAW, SpillWriter(Path(spill)), line_form).scan(0, listed)


@pytest.mark.parametrize("folders", FOLDERS)
def test_what_the_page_calls_read_is_read_and_the_rest_is_named(folders: str) -> None:
    contents, compressions = READ_CONTENT | NAMED_CONTENT, READ_COMPRESSION | NAMED_COMPRESSION
    for content, compression in product(contents, compressions):
        found = read(folders, compressions[compression](contents[content]))
        where = (folders, content, compression)
        events = sum(segment.events for segment in found.segments)
        if compression in NAMED_COMPRESSION:
            wrong = compression
        elif content in NAMED_CONTENT:
            wrong = content
        else:
            assert (events, found.unreadable) == (3, ()), where
            continue
        assert events == 0, where
        assert SAID.get(wrong, f"is {wrong};") in found.unreadable[0].reason, where


@pytest.mark.parametrize("folders", FOLDERS)
def test_messages_alone_are_read_in_every_layout_and_compression(folders: str) -> None:
    for compress in READ_COMPRESSION.values():
        found = read(folders, compress(b'{"order":1}\ntext\n{"order":2}{"order":3}\n'), RAW_LINES)
        assert (sum(segment.events for segment in found.segments), found.unreadable) == (4, ())


def test_a_line_over_8_mib_is_named() -> None:
    found = read(FOLDERS[0], gzip.compress(b'{"a":"' + b"x" * (9 * 2**20), 1))
    assert [entry.reason for entry in found.unreadable] == ["has a line of more than 8 MiB: not JSON lines"]


def test_the_page_has_the_same_names() -> None:
    page = (PROJECT / "docs/cli.md").read_text(encoding="utf-8")
    _, _, section = page.partition("### What an archive may look like")
    rows = [line.split("|") for line in section.partition("###")[0].splitlines() if line.startswith("| ")]
    columns = {row[1].strip(): row[2:4] for row in rows}
    for row, read_names, named in (
        ("compression", READ_COMPRESSION, NAMED_COMPRESSION),
        ("content", READ_CONTENT, {**NAMED_CONTENT, "lines over 8 MiB": b""}),
    ):
        for names, cell in zip((read_names, named), columns[row], strict=True):
            assert [name for name in names if name not in cell] == []
    for folders in FOLDERS[:3]:
        assert f"`{folders}`" in columns["folders of times"][0]
