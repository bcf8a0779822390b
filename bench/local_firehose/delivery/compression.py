"""The bytes of an object: records in order, compressed as a whole, fed piece by piece so that memory stays flat.

Framings: ``Snappy`` is snappy-java's SnappyOutputStream (xerial), ``HADOOP_SNAPPY`` is Hadoop's BlockCompressorStream.
Extensions, Content-Encoding and the entry of a ZIP were seen on AWS in August 2026 (github.com/floci-io/floci issue
2328 and pull request 2410). For HADOOP_SNAPPY the developer guide says ``.hsnappy``; AWS was seen to write ``.snappy``.
"""

import io
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cramjam

XERIAL_HEADER = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
XERIAL_BLOCK = 32 * 1024
HADOOP_BLOCK = 256 * 1024
_GZIP_WINDOW = 31  # 15 bits of window, +16 for the gzip header and trailer
_GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Compression:
    """How a format shows from outside."""

    extension: str
    content_encoding: str = ""


FORMATS = {
    "UNCOMPRESSED": Compression(""),
    "GZIP": Compression(".gz", "gzip"),
    "ZIP": Compression(".zip", "zip"),
    "Snappy": Compression(".snappy", "snappy-java"),
    "HADOOP_SNAPPY": Compression(".snappy", "hadoop-snappy"),
}


def compress(chunks: Iterable[bytes], compression: str) -> bytes:
    """The chunks, concatenated verbatim and compressed."""
    if compression == "GZIP":
        return _gzip(chunks)
    if compression == "ZIP":
        return _zip(chunks)
    if compression == "Snappy":
        return XERIAL_HEADER + b"".join(_xerial_block(block) for block in blocks(chunks, XERIAL_BLOCK))
    if compression == "HADOOP_SNAPPY":
        return b"".join(_hadoop_block(block) for block in blocks(chunks, HADOOP_BLOCK))
    return b"".join(chunks)


def blocks(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of ``size``; the last one may be shorter."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= size:
            yield bytes(pending[:size])
            del pending[:size]
    if pending:
        yield bytes(pending)


def _gzip(chunks: Iterable[bytes]) -> bytes:
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    # One call per 256 KiB, not per record: a call per 1 KB record costs more than the compression.
    parts = [compressor.compress(block) for block in blocks(chunks, 256 * 1024)]
    return b"".join([*parts, compressor.flush()])


def _zip(chunks: Iterable[bytes]) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as archive,
        archive.open(str(uuid.uuid4()), "w", force_zip64=False) as entry,
    ):
        for chunk in chunks:
            entry.write(chunk)
    return target.getvalue()


def _xerial_block(block: bytes) -> bytes:
    packed = bytes(cramjam.snappy.compress_raw(block))
    return struct.pack(">i", len(packed)) + packed


def _hadoop_block(block: bytes) -> bytes:
    packed = bytes(cramjam.snappy.compress_raw(block))
    return struct.pack(">ii", len(block), len(packed)) + packed
