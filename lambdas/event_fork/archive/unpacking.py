"""Bytes of an archived object -> plain bytes, whatever the compression: told by magic number, never by the key.

A stream may change its compression, a FileExtension may say anything, and error objects may be compressed or not.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO

from event_fork.archive import snappy
from event_fork.archive.errors import UnreadableObjectError

# What one call gives at most, however well the input was compressed: memory stays flat on a "bomb" too.
_MAX_OUTPUT = 1024 * 1024
# A zip has its directory at the end, so it has to be kept whole; up to this size in memory, then on disk.
_ZIP_IN_MEMORY = 8 * 1024 * 1024

_NOT_READ = {b"PAR1": "Parquet", b"ORC": "ORC", b"\x28\xb5\x2f\xfd": "Zstandard", b"BZh": "bzip2"}


def decompress(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Plain bytes, streamed. Raises UnreadableObjectError, naming the reason, as soon as it is known.

    What was given before the error is right as far as it goes, but the object is not whole.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(snappy.MAGIC):
            break
    whole = chain([head], chunks)
    if head.startswith(b"\x1f\x8b"):
        return _gunzip(whole)
    if head.startswith(b"PK\x03\x04"):
        return _unzip(whole)
    if head.startswith(snappy.MAGIC):
        return snappy.decompress_stream(whole)
    for magic, name in _NOT_READ.items():
        if head.startswith(magic):
            raise UnreadableObjectError(f"is {name}; a replay reads JSON lines, plain or as GZIP, ZIP or Snappy")
    return whole


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Any number of gzip members, one after the other; zero padding between them is allowed, as gzip(1) does."""
    member = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if member.eof:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    member = zlib.decompressobj(wbits=31)
                plain = member.decompress(data, _MAX_OUTPUT)
                yield plain
                data = member.unused_data if member.eof else member.unconsumed_tail
                while not data and len(plain) == _MAX_OUTPUT:
                    # The limit was hit with the last input byte: what zlib still holds comes out on the next call.
                    plain = member.decompress(b"", _MAX_OUTPUT)
                    yield plain
    except zlib.error as error:
        raise UnreadableObjectError(f"damaged gzip: {error}") from error
    if not member.eof:
        raise UnreadableObjectError("gzip is cut off: its end is missing")


def _unzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with tempfile.SpooledTemporaryFile(max_size=_ZIP_IN_MEMORY) as spool:
        for chunk in chunks:
            spool.write(chunk)
        spool.seek(0)
        try:
            with zipfile.ZipFile(spool) as archive:
                for entry in archive.infolist():
                    with archive.open(entry) as plain:
                        yield from _blocks(plain)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            # RuntimeError and NotImplementedError: an encrypted entry, a method zipfile does not know.
            raise UnreadableObjectError(f"damaged or cut-off zip: {error}") from error


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_MAX_OUTPUT):
        yield block
