"""Bytes of an object -> plain bytes. Other people's encoders are the judges."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.archive import snappy
from event_fork.archive.errors import UnreadableObjectError
from event_fork.archive.unpacking import decompress

TEXT = b"".join(b'{"MessageId":"%d","Message":"hello hello hello"}\n' % number for number in range(2000))
GZIPPED = gzip.compress(TEXT, mtime=0)  # a time of its own would give pytest's workers other test ids


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def unpacked(data: bytes, size: int = 1000) -> bytes:
    return b"".join(decompress(pieces(data, size)))


def zipped(*contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(str(number), content)
    return file.getvalue()


def xerial(data: bytes, block: int = 32 * 1024) -> bytes:
    blocks = (bytes(cramjam.snappy.compress_raw(part)) for part in pieces(data, block))
    return snappy.MAGIC + b"\0\0\0\1\0\0\0\1" + b"".join(len(part).to_bytes(4, "big") + part for part in blocks)


@given(
    parts=st.lists(st.binary(max_size=300), max_size=4),
    repeat=st.sampled_from([1, 7, 400]),
    size=st.sampled_from([1, 2, 7, 1000, 100_000]),
    how=st.sampled_from(["gzip", "zip", "snappy"]),
)
def test_every_compression_gives_back_every_content_in_pieces_of_every_size(
    parts: list[bytes], repeat: int, size: int, how: str
) -> None:
    parts = [part * repeat for part in parts]
    whole = b"".join(parts)
    packed = {
        "gzip": lambda: b"".join(map(gzip.compress, parts)) or gzip.compress(b""),
        "zip": lambda: zipped(*parts) if parts else zipped(b""),
        "snappy": lambda: xerial(whole),
    }[how]()

    assert unpacked(packed, size) == whole


def test_plain_bytes_stay_as_they_are() -> None:
    assert unpacked(TEXT) == TEXT
    assert unpacked(b"") == b""
    assert unpacked(b"{}") == b"{}"


def test_gzip_members_one_after_the_other_are_one_text() -> None:
    assert unpacked(gzip.compress(b"a\n") + b"\0\0" + gzip.compress(b"b\n") + b"\0" * 700, 3) == b"a\nb\n"


def test_a_small_input_that_unpacks_to_much_comes_in_bounded_pieces() -> None:
    bomb = gzip.compress(b"\n" * 50_000_000)

    sizes = [len(piece) for piece in decompress(iter([bomb]))]

    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 1024 * 1024


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GZIPPED[:-1], "gzip is cut off"),
        (GZIPPED[: len(GZIPPED) // 2], "gzip is cut off"),
        (GZIPPED[:9], "gzip is cut off"),
        (GZIPPED + GZIPPED[:30], "gzip is cut off"),
        (GZIPPED + b"and more", "damaged gzip"),
        (GZIPPED[:-8] + b"\0\0\0\0" + GZIPPED[-4:], "damaged gzip"),
        (zipped(TEXT)[:-10], "damaged or cut-off zip"),
        (zipped(TEXT)[:200], "damaged or cut-off zip"),
        (xerial(TEXT)[:-1], "Snappy stream is cut off"),
        (xerial(TEXT)[:12], "Snappy stream is cut off"),
        (xerial(TEXT)[:18], "Snappy stream is cut off"),
        (snappy.MAGIC + bytes(8) + b"\x7f\0\0\0", "damaged Snappy stream"),
        (b"PAR1" + bytes(40), "is Parquet"),
        (b"ORC" + bytes(40), "is ORC"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "is Zstandard"),
        (b"BZh9" + bytes(40), "is bzip2"),
    ],
)
def test_what_is_cut_off_damaged_or_of_another_kind_is_named_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableObjectError, match=reason):
        unpacked(data)


def test_a_zip_that_lies_about_its_content_is_refused() -> None:
    data = bytearray(zipped(TEXT))
    data[60] ^= 0xFF

    with pytest.raises(UnreadableObjectError, match="zip"):
        unpacked(bytes(data))


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\xff\xff\xff\xff\xff",
        b"\x05\x10hel",  # a literal that ends early
        b"\x05\x01",  # a copy without its offset
        b"\x05\x02\x01",  # a two-byte offset cut in half
        b"\x05\x05\x01",  # a copy from before the start
        b"\x05\x00h",  # fewer bytes than announced
        b"\xff\xff\xff\xff\x0f\x00h",  # announces 4 GiB
    ],
)
def test_a_damaged_snappy_block_is_refused(block: bytes) -> None:
    with pytest.raises(UnreadableObjectError, match="damaged Snappy block"):
        snappy.decompress_block(block)


@given(st.binary(max_size=200))
def test_no_garbage_makes_snappy_fail_in_another_way(block: bytes) -> None:
    try:
        plain = snappy.decompress_block(block)
    except UnreadableObjectError:
        return
    assert bytes(cramjam.snappy.decompress_raw(block)) == plain


def test_long_literals_and_overlapping_copies_of_snappy_are_read() -> None:
    noise = zlib.compress(bytes(range(256)) * 300) * 40
    for content in (noise, b"ab" * 40_000, b"a" * 70_000, noise + b"abc" * 9_000):
        assert snappy.decompress_block(bytes(cramjam.snappy.compress_raw(content))) == content
