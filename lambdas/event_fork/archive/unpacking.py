"""Bytes of an archived object -> plain bytes, whatever the compression: told by magic number, never by the key.

A stream may change its compression, a FileExtension may say anything, and error objects may be compressed or not.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from typing import IO

from event_fork.archive import snappy, zstandard
from event_fork.archive.errors import UnreadableObjectError

# What one call gives at most, however well the input was compressed: memory stays flat on a "bomb" too.
_MAX_OUTPUT = 1024 * 1024
# A zip has its directory at the end, so it has to be kept whole; up to this size in memory, then on disk.
_ZIP_IN_MEMORY = 8 * 1024 * 1024
# Firehose writes one entry. The directory is read as a whole; an entry takes 46 bytes of it and ten times that here.
_MAX_ZIP_DIRECTORY = 1024 * 1024
# bzip2 and LZMA are not read in bounded pieces by zipfile: a ZIP of 905 bytes took 2 GiB.
_ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# A producer that compresses, and a stream that compresses again.
_MAX_LAYERS = 3

_GZIP_MAGIC = b"\x1f\x8b"  # no UTF-8 text has it
PARQUET_MAGIC, _PARQUET = b"PAR1", "Parquet"
ZSTANDARD = "Zstandard"
_READ = {
    _GZIP_MAGIC: "GZIP",
    b"PK\x03\x04": "ZIP",
    b"PK\x05\x06": "ZIP",
    snappy.MAGIC: "Snappy",
    zstandard.MAGIC: ZSTANDARD,
}
_NOT_READ = {
    PARQUET_MAGIC: _PARQUET,
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\xff\x06\0\0sNaPpY": "framed Snappy",
    b"\x89LZO": "LZO",
    b"\x1f\x9d": "compress (.Z)",
    b"Rar!": "RAR",
    b"PARE": "encrypted Parquet",
}
_HADOOP_SNAPPY = "Hadoop Snappy"
_TAR_AT, _TAR = 257, b"ustar"
_HEAD_BYTES = _TAR_AT + len(_TAR)


def compression_of(head: bytes) -> str:
    """What the first bytes of an object are: a compression, a format that a replay does not read, or "none"."""
    if head[_TAR_AT:].startswith(_TAR):
        return "tar"
    if snappy.is_hadoop(head):
        return _HADOOP_SNAPPY
    return next((name for magic, name in (_READ | _NOT_READ).items() if head.startswith(magic)), "none")


def decompress(chunks: Iterator[bytes], *, not_by_worker: Collection[str] = ()) -> Iterator[bytes]:
    """Plain bytes, streamed. Raises UnreadableObjectError, naming the reason, as soon as it is known.

    `not_by_worker`: compressions that whoever plans may read and the worker that sends cannot.

    What was given before the error is right as far as it goes, but the object is not whole.
    """
    for _ in range(_MAX_LAYERS + 1):
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= _HEAD_BYTES:
                break
        chunks = chain([head], chunks)
        kind = compression_of(head)
        if kind == "none":
            return _gunzip(chunks)
        if kind not in _READERS:
            advice = "; `event-fork archive convert` makes such of it" if kind == _PARQUET else ""
            raise UnreadableObjectError(
                f"is {kind}; a replay reads JSON lines, plain or as GZIP, ZIP, Snappy or Zstandard{advice}"
            )
        if kind in not_by_worker:
            raise UnreadableObjectError(
                f'is {kind}; the worker reads that with function = {{ runtime = "python3.14" }} in modules/replay'
            )
        chunks = _READERS[kind](chunks)
    raise UnreadableObjectError(f"is compressed more than {_MAX_LAYERS} times")


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Any number of gzip members, one after the other; zero padding between them is allowed, as gzip(1) does.

    Plain bytes between members stay as they are: an object of the minutes in which a stream began or ended to compress.
    """
    member: zlib._Decompress | None = None
    held, padded = b"", False
    try:
        for chunk in chunks:
            data, held = held + chunk, b""
            while data:
                if member is None:
                    plain, data, held = _before_member(data.lstrip(b"\0") if padded else data)
                    padded = padded and not plain + data + held
                    member = zlib.decompressobj(wbits=31) if data else None
                    yield plain
                    continue
                plain = member.decompress(data, _MAX_OUTPUT)
                yield plain
                data = member.unused_data if member.eof else member.unconsumed_tail
                while not data and len(plain) == _MAX_OUTPUT:
                    # The limit was hit with the last input byte: what zlib still holds comes out on the next call.
                    plain = member.decompress(b"", _MAX_OUTPUT)
                    yield plain
                if member.eof:
                    member, padded = None, True
    except zlib.error as error:
        raise UnreadableObjectError(f"damaged gzip: {error}") from error
    if member:
        raise UnreadableObjectError("gzip is cut off: its end is missing")
    yield held


def _before_member(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Plain bytes, the rest from the first gzip member on, and a last byte that may be the beginning of one."""
    place = data.find(_GZIP_MAGIC)
    if place >= 0:
        return data[:place], data[place:], b""
    end = len(data) - data.endswith(_GZIP_MAGIC[:1])
    return data[:end], b"", data[end:]


def _unzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with tempfile.SpooledTemporaryFile(max_size=_ZIP_IN_MEMORY) as spool:
        for chunk in chunks:
            spool.write(chunk)
        try:
            yield from _entries(spool)
        except UnreadableObjectError:
            raise
        except Exception as error:  # zipfile raises nearly everything there is on a damaged file
            raise UnreadableObjectError(f"damaged or cut-off zip: {type(error).__name__}: {error}") from error


def _entries(file: IO[bytes]) -> Iterator[bytes]:
    _refuse_large_directory(file)
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.flag_bits & 1:
                raise UnreadableObjectError("is an encrypted ZIP")
            if entry.compress_type not in _ZIP_METHODS:
                raise UnreadableObjectError(
                    f"is a ZIP by method {entry.compress_type}; a replay reads deflated and stored entries"
                )
            with archive.open(entry) as plain:
                while block := plain.read(_MAX_OUTPUT):
                    yield block


def _refuse_large_directory(file: IO[bytes]) -> None:
    """zipfile reads the directory before anything can be asked. Its size stands in the file's last record.

    Source: APPNOTE.TXT of PKWARE, 4.3.16: signature, 8 bytes, size of the directory at byte 12, a comment at the end.
    """
    end = file.seek(0, 2)
    file.seek(max(0, end - 22 - 0xFFFF))
    tail = file.read()
    # zipfile takes a record without a comment first, and otherwise the last signature there is.
    place = len(tail) - 22 if tail[-22:].startswith(b"PK\x05\x06") else tail.rfind(b"PK\x05\x06")
    if place >= 0 and int.from_bytes(tail[place + 12 : place + 16], "little") > _MAX_ZIP_DIRECTORY:
        raise UnreadableObjectError("is a ZIP with too many entries; Firehose writes one")


_READERS: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "GZIP": _gunzip,
    "ZIP": _unzip,
    "Snappy": snappy.decompress_stream,
    _HADOOP_SNAPPY: snappy.decompress_hadoop,
    ZSTANDARD: zstandard.decompress_stream,
}
