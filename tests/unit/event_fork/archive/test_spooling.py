"""A slow reader holds no connection."""

from collections.abc import Iterator

import pytest

from event_fork.archive.errors import ConnectionBrokenError
from event_fork.archive.spooling import spooled


@pytest.mark.parametrize("size", [1, 300_000, 20_000_000], ids=["small", "pieces", "on-disk"])
def test_everything_has_arrived_before_the_first_piece_is_given(size: int) -> None:
    arrived: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(4):
            arrived.append(number)
            yield bytes([number]) * size

    pieces = spooled(chunks())
    first = next(pieces)

    assert arrived == [0, 1, 2, 3]
    assert first + b"".join(pieces) == b"".join(bytes([number]) * size for number in range(4))


def test_an_empty_object_has_no_pieces() -> None:
    assert list(spooled([])) == []


def test_a_broken_connection_is_seen_before_anything_is_sent() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionBrokenError("gone")

    with pytest.raises(ConnectionBrokenError):
        next(spooled(chunks()))
