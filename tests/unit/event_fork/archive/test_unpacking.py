"""Bytes of an object -> plain bytes. Other people's encoders are the judges."""

import gzip
import io
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import cramjam
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from event_fork.archive import snappy, zstandard
from event_fork.archive.errors import UnreadableObjectError
from event_fork.archive.unpacking import ZSTANDARD, compression_of, decompress

TEXT = b"".join(b'{"MessageId":"%d","Message":"hello hello hello"}\n' % number for number in range(2000))
GZIPPED = gzip.compress(TEXT, mtime=0)  # a time of its own would give pytest's workers other test ids
ZSTD = bytes(cramjam.zstd.compress(TEXT))


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


def hadoop(data: bytes, block: int = 256 * 1024, part: int = 64 * 1024) -> bytes:
    """Blocks, each of several compressed parts, as Hadoop's BlockCompressorStream writes them."""

    def packed(plain: bytes) -> bytes:
        made = bytes(cramjam.snappy.compress_raw(plain))
        return len(made).to_bytes(4, "big") + made

    return b"".join(
        len(one).to_bytes(4, "big") + b"".join(packed(piece) for piece in pieces(one, part))
        for one in pieces(data, block)
    )


@given(
    parts=st.lists(st.binary(max_size=300), max_size=4),
    repeat=st.sampled_from([1, 7, 400]),
    size=st.sampled_from([1, 2, 7, 1000, 100_000]),
    how=st.sampled_from(["gzip", "zip", "snappy", "hadoop", "zstd"]),
)
def test_every_compression_gives_back_every_content_in_pieces_of_every_size(
    parts: list[bytes], repeat: int, size: int, how: str
) -> None:
    parts = [part * repeat for part in parts]
    whole = b"".join(parts)
    assume(compression_of(whole) == "none")
    packed = {
        "gzip": lambda: b"".join(map(gzip.compress, parts)) or gzip.compress(b""),
        "zip": lambda: zipped(*parts) if parts else zipped(b""),
        "snappy": lambda: xerial(whole),
        "hadoop": lambda: hadoop(whole),
        "zstd": lambda: b"".join(bytes(cramjam.zstd.compress(part)) for part in parts or [b""]),
    }[how]()

    assert unpacked(packed, size) == whole


def test_plain_bytes_stay_as_they_are() -> None:
    assert unpacked(TEXT) == TEXT
    assert unpacked(b"") == b""
    assert unpacked(b"{}") == b"{}"


def test_gzip_members_one_after_the_other_are_one_text() -> None:
    assert unpacked(gzip.compress(b"a\n") + b"\0\0" + gzip.compress(b"b\n") + b"\0" * 700, 3) == b"a\nb\n"


@given(
    parts=st.lists(st.tuples(st.text(max_size=50).map(str.encode), st.booleans()), max_size=6),
    size=st.sampled_from([1, 2, 3, 1000]),
    again=st.booleans(),
)
def test_plain_text_and_gzip_members_in_one_object_are_read_in_their_order(
    parts: list[tuple[bytes, bool]], size: int, again: bool
) -> None:
    """What a stream writes in the minutes in which `compress_records` is turned on or off."""
    whole = b"".join(plain for plain, _ in parts)
    mixed = b"".join(gzip.compress(plain) if compressed else plain for plain, compressed in parts)

    read = unpacked(gzip.compress(mixed) if again else mixed, size)

    assert read.replace(b"\0", b"") == whole.replace(b"\0", b"")  # zeros behind a member are padding


@pytest.mark.parametrize("compress", [gzip.compress, cramjam.zstd.compress])
def test_a_small_input_that_unpacks_to_much_comes_in_bounded_pieces(compress: Callable[[bytes], bytes]) -> None:
    bomb = bytes(compress(b"\n" * 50_000_000))

    sizes = [len(piece) for piece in decompress(iter([bomb]))]

    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 1024 * 1024


def test_a_zstandard_frame_that_asks_for_a_window_of_more_than_8_mib_is_refused_before_it_has_it() -> None:
    zstd = zstandard.library()
    frames = []
    for log in (23, 24):  # as a stream, which says no size and so its window
        writer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
        frames.append(writer.compress(TEXT) + writer.flush())

    assert unpacked(frames[0]) == TEXT
    with pytest.raises(UnreadableObjectError, match="window of more than 8 MiB"):
        unpacked(frames[1])


def test_zstandard_is_named_where_python_has_no_library_and_where_the_worker_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UnreadableObjectError, match=r"is Zstandard; the worker .*python3\.14"):
        list(decompress(iter([gzip.compress(ZSTD)]), not_by_worker={ZSTANDARD}))
    monkeypatch.setattr(zstandard, "find_spec", lambda name: None)
    with pytest.raises(UnreadableObjectError, match=r"is Zstandard; .*extra zstd"):
        unpacked(ZSTD)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GZIPPED[:-1], "gzip is cut off"),
        (GZIPPED[: len(GZIPPED) // 2], "gzip is cut off"),
        (GZIPPED[:9], "gzip is cut off"),
        (GZIPPED + GZIPPED[:30], "gzip is cut off"),
        (GZIPPED + b"\x1f\x8band more", "damaged gzip"),
        (GZIPPED[:-8] + b"\0\0\0\0" + GZIPPED[-4:], "damaged gzip"),
        (zipped(TEXT)[:-10], "damaged or cut-off zip"),
        (zipped(TEXT)[:200], "damaged or cut-off zip"),
        (xerial(TEXT)[:-1], "Snappy stream is cut off"),
        (xerial(TEXT)[:12], "Snappy stream is cut off"),
        (xerial(TEXT)[:18], "Snappy stream is cut off"),
        (snappy.MAGIC + bytes(8) + b"\x7f\0\0\0", "damaged Snappy stream"),
        (b"PAR1" + bytes(40), "is Parquet"),
        (b"ORC" + bytes(40), "is ORC"),
        (ZSTD[:-1], "Zstandard is cut off"),
        (ZSTD + ZSTD[:9], "Zstandard is cut off"),
        (ZSTD[:4], "Zstandard is cut off"),
        (ZSTD + b"more", "damaged Zstandard"),
        (ZSTD[:4] + b"\xff" * 40, "damaged Zstandard"),
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


def zipped_by(method: int, content: bytes = TEXT) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("entry", content)
    return file.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_by_a_method_that_is_not_read_in_pieces_is_refused_before_it_is_read(method: int) -> None:
    bomb = zipped_by(method, bytes(50_000_000))
    assert len(bomb) < 10_000

    tracemalloc.start()
    with pytest.raises(UnreadableObjectError, match="deflated and stored"):
        unpacked(bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 1_000_000


def test_a_zip_of_very_many_entries_is_refused_before_its_directory_is_read() -> None:
    with pytest.raises(UnreadableObjectError, match="too many entries"):
        unpacked(zipped(*[b""] * 25_000), 100_000)


def test_an_encrypted_zip_is_named() -> None:
    data = bytearray(zipped(TEXT))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(UnreadableObjectError, match="encrypted"):
        unpacked(bytes(data))


def test_an_empty_zip_holds_nothing() -> None:
    assert unpacked(zipped()) == b""


def test_a_snappy_block_that_grows_above_what_it_announced_is_given_up_there() -> None:
    # A literal of one byte, then copies of 64 bytes from one byte before: 3 bytes in, 64 out.
    block = bytes([10]) + b"\0a" + b"\xfe\x01\0" * 1_000_000

    tracemalloc.start()
    with pytest.raises(UnreadableObjectError, match="announced"):
        snappy.decompress_block(block)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 100_000


@pytest.mark.parametrize("pack", [gzip.compress, zipped, xerial])
def test_what_was_compressed_again_is_read_through(pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(pack(GZIPPED)) == TEXT


def test_what_is_compressed_for_ever_is_named() -> None:
    data = TEXT
    for _ in range(4):
        data = gzip.compress(data)

    with pytest.raises(UnreadableObjectError, match="more than 3 times"):
        unpacked(data)


@pytest.mark.parametrize(
    "magic", [b"Obj\x01", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", b"\xff\x06\0\0sNaPpY"]
)
def test_what_a_replay_does_not_read_is_named_also_inside_a_gzip(magic: bytes) -> None:
    with pytest.raises(UnreadableObjectError, match="a replay reads JSON lines"):
        unpacked(gzip.compress(magic + bytes(40)))


@settings(max_examples=400, deadline=None)
@given(
    packed=st.sampled_from([GZIPPED, zipped(TEXT[:3000]), zipped_by(zipfile.ZIP_STORED, TEXT[:500]), xerial(TEXT)]),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
)
def test_a_damaged_object_is_unreadable_or_read_and_never_anything_else(
    packed: bytes, changes: list[tuple[int, int]], cut: tuple[int, int] | None
) -> None:
    data = bytearray(packed)
    for place, value in changes:
        data[place % len(data)] = value
    if cut:
        start, end = sorted(place % len(data) for place in cut)
        del data[start:end]

    with suppress(UnreadableObjectError):
        unpacked(bytes(data))
