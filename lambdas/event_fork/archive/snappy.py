"""Snappy as Firehose writes it, in its two framings of raw Snappy blocks. Standard library only.

Snappy, snappy-java's ("xerial"): magic 82 'SNAPPY' 00, two 4-byte versions, then big-endian lengths and blocks.
HADOOP_SNAPPY, Hadoop's BlockCompressorStream: no magic, a 4-byte length of what is plain, then lengths and blocks.
Raw block: https://github.com/google/snappy/blob/main/format_description.txt
About seven times slower than gzip here: for archives that will be replayed, GZIP is the better compression.
"""

from collections.abc import Iterator

from event_fork.archive.errors import UnreadableObjectError

MAGIC = b"\x82SNAPPY\x00"
_HEADER = 16
# snappy-java compresses 32 KiB at a time by default; far above any real block, far below what could hurt a worker.
_MAX_BLOCK = 4 * 1024 * 1024


def decompress_stream(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Plain bytes of a xerial stream, block by block; raises UnreadableObjectError when it is cut off or damaged."""
    buffer = bytearray()
    header_read = False
    for chunk in chunks:
        buffer += chunk
        position = 0
        if not header_read:
            if len(buffer) < _HEADER:
                continue
            header_read, position = True, _HEADER
        while len(buffer) - position >= 4:
            length = int.from_bytes(buffer[position : position + 4], "big")
            if length > _MAX_BLOCK:
                raise UnreadableObjectError(f"damaged Snappy stream: a block of {length} bytes")
            if len(buffer) - position - 4 < length:
                break
            yield decompress_block(bytes(buffer[position + 4 : position + 4 + length]))
            position += 4 + length
        del buffer[:position]
    if buffer or not header_read:
        raise UnreadableObjectError("Snappy stream is cut off")


def is_hadoop(head: bytes) -> bool:
    """Whether these may be the first bytes of Hadoop's framing: its three lengths fit. No text begins so."""
    plain, packed = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    try:
        first, _ = _varint(head[8:13])
    except (IndexError, UnreadableObjectError):
        return False
    return 0 < first <= plain <= _MAX_BLOCK and 0 < packed <= 32 + plain + plain // 6


def decompress_hadoop(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Plain bytes of Hadoop's framing, block by block; raises UnreadableObjectError as `decompress_stream` does."""
    buffer, missing = bytearray(), 0
    for chunk in chunks:
        buffer += chunk
        position = 0
        while len(buffer) - position >= 4:
            length = int.from_bytes(buffer[position : position + 4], "big")
            if not missing:
                missing, position = length, position + 4
                continue
            if length > _MAX_BLOCK:
                raise UnreadableObjectError(f"damaged Hadoop Snappy stream: a block of {length} bytes")
            if len(buffer) - position - 4 < length:
                break
            plain = decompress_block(bytes(buffer[position + 4 : position + 4 + length]))
            position += 4 + length
            missing -= len(plain)
            if missing < 0:
                raise UnreadableObjectError("damaged Hadoop Snappy stream: a block is longer than announced")
            yield plain
        del buffer[:position]
    if buffer or missing:
        raise UnreadableObjectError("Hadoop Snappy stream is cut off")


def decompress_block(block: bytes) -> bytes:
    """Plain bytes of one raw Snappy block."""
    try:
        size, position = _varint(block)
        if size > _MAX_BLOCK:
            raise UnreadableObjectError(f"damaged Snappy block: claims {size} bytes")
        plain = _elements(block, position, size)
    except IndexError:
        raise UnreadableObjectError("damaged Snappy block: ends inside an element") from None
    if len(plain) != size:
        raise UnreadableObjectError(f"damaged Snappy block: {len(plain)} bytes where {size} were announced")
    return bytes(plain)


def _varint(block: bytes) -> tuple[int, int]:
    value = shift = position = 0
    while True:
        byte = block[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 28:
            raise UnreadableObjectError("damaged Snappy block: no length")


def _elements(block: bytes, position: int, size: int) -> bytearray:
    plain = bytearray()
    end = len(block)
    # An element adds at most 64 bytes, or as many as it takes itself: a block cannot grow far above what it announced.
    while position < end and len(plain) <= size:
        tag = block[position]
        kind = tag & 3
        position += 1
        if kind == 0:
            length = (tag >> 2) + 1
            if length > 60:
                width = length - 60
                length = int.from_bytes(block[position : position + width], "little") + 1
                position += width
            if position + length > end:
                raise IndexError
            plain += block[position : position + length]
            position += length
            continue
        if kind == 1:
            length = ((tag >> 2) & 7) + 4
            offset = (tag >> 5) << 8 | block[position]
            position += 1
        else:
            length = (tag >> 2) + 1
            width = 2 if kind == 2 else 4
            if position + width > end:
                raise IndexError
            offset = int.from_bytes(block[position : position + width], "little")
            position += width
        start = len(plain) - offset
        if offset == 0 or start < 0:
            raise UnreadableObjectError("damaged Snappy block: a copy from before its start")
        if offset >= length:
            plain += plain[start : start + length]
        else:  # the copy overlaps what it writes: the last `offset` bytes, repeated
            pattern = bytes(plain[start:])
            plain += (pattern * (length // offset + 1))[:length]
    return plain
