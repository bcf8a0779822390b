"""Sightings -> what is missing, what is too much, what is only on its way. Against a plain account by sets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork_cli.verification.reconciling import Difference, Findings, Frame, Kind, checksum_of, reconcile, together
from event_fork_cli.verification.sightings import BUCKETS, Place, bucket_of, coded, decoded, elsewhere, in_archive

START, SETTLED, END = "2026-11-23T10:00:00.000Z", "2026-11-23T11:30:00.000Z", "2026-11-23T12:00:00.000Z"
FRAME = Frame(START, END, SETTLED, 1)
INSIDE, RECENT, BEFORE = "2026-11-23T10:30:00.000Z", "2026-11-23T11:45:00.000Z", "2026-11-23T09:59:59.999Z"


def found(folder: Path, *lines: bytes, frame: Frame = FRAME) -> Findings:
    file = folder / "000.1"
    file.write_bytes(b"".join(lines))
    return together([reconcile([file], frame)], frame.forks)


def archived(event_id: str, at: str = INSIDE, wanted: str = "1", number: int = 0) -> bytes:
    return in_archive(coded(event_id), at, number, wanted)


def seen(event_id: str, place: Place = Place.INDEX, fork: int = 1, at: str = INSIDE) -> bytes:
    return elsewhere(coded(event_id), place, fork, at)


def test_an_event_that_is_where_it_belongs_is_no_difference(tmp_path: Path) -> None:
    result = found(tmp_path, archived("a"), seen("a"), archived("b", wanted="0"))
    assert result.differences == []
    assert (result.archived, result.indices[0].wanted, result.indices[0].indexed) == (2, 1, 1)
    assert result.checksum == checksum_of(b"a") + checksum_of(b"b")
    assert result.indices[0].checksum == checksum_of(b"a")


def test_what_is_missing_and_what_is_too_much_is_named_with_its_object(tmp_path: Path) -> None:
    result = found(tmp_path, archived("a", number=7), archived("b", wanted="0"), seen("b"), seen("c"))
    assert result.differences == [
        Difference(Kind.NOT_INDEXED, 1, "a", INSIDE, 7),
        Difference(Kind.NOT_WANTED, 1, "b", INSIDE, 0),
        Difference(Kind.NOT_ARCHIVED, 0, "c", INSIDE),
    ]


@pytest.mark.parametrize("place", [Place.DEAD_LETTER, Place.REJECTED])
def test_a_dead_letter_and_a_rejected_document_are_accounted_for(tmp_path: Path, place: Place) -> None:
    result = found(tmp_path, archived("a"), seen("a", place), seen("b", place, fork=0))
    assert result.differences == []
    assert (result.indices[0].dead_letters + result.indices[0].rejected, result.set_aside) == (1, 1)


def test_what_was_published_a_moment_ago_is_on_its_way_and_no_gap(tmp_path: Path) -> None:
    result = found(tmp_path, archived("a", RECENT), seen("b", at=RECENT))
    assert result.differences == []
    assert (result.in_flight, result.indices[0].in_flight) == (1, 1)


def test_the_same_id_twice_is_one_event_and_the_first_object_counts(tmp_path: Path) -> None:
    result = found(tmp_path, archived("a", number=3), archived("a", number=1), seen("a"), seen("a"))
    assert (result.archived, result.indices[0].indexed, result.indices[0].copies) == (1, 1, 1)
    assert found(tmp_path, archived("a", number=3), archived("a", number=1)).differences[0].number == 1


def test_two_clocks_across_the_ends_of_the_window_make_no_difference(tmp_path: Path) -> None:
    result = found(tmp_path, archived("a", START), seen("a", at=BEFORE), archived("b", BEFORE), seen("b", at=START))
    assert result.differences == []
    assert result.archived == 1
    assert result.periods == {"2026-11-23T10:00": 1, "2026-11-23T09:59": 1}


@pytest.mark.parametrize(("seconds", "start"), [(60, "10:37"), (300, "10:35"), (3600, "10:00")])
def test_events_are_counted_in_the_periods_that_cloudwatch_has(tmp_path: Path, seconds: int, start: str) -> None:
    frame = Frame(START, END, SETTLED, 1, seconds)
    result = found(tmp_path, archived("a", "2026-11-23T10:37:59.999Z"), frame=frame)
    assert result.periods == {f"2026-11-23T{start}": 1}
    assert found(tmp_path, archived("a"), frame=Frame(START, END, SETTLED, 1, None)).periods == {}


def test_what_lies_outside_of_the_window_is_not_judged(tmp_path: Path) -> None:
    assert found(tmp_path, archived("a", BEFORE), seen("b", at=END)).differences == []


@given(st.text())
def test_an_id_is_one_field_of_a_line_whatever_is_in_it(event_id: str) -> None:
    code = coded(event_id)
    assert decoded(code) == event_id
    assert b"\t" not in code
    assert b"\n" not in code
    assert 0 <= bucket_of(code) < BUCKETS


_IDS = st.sampled_from(["a", "b", "c\n", "d\te", "\ud800", '"', "\x1b[2J"])
_EVENTS = st.lists(
    st.tuples(_IDS, st.sampled_from(["A0", "A1", "I1", "D1", "R1", "D0", "W0"]), st.sampled_from([INSIDE, RECENT])),
    max_size=30,
)


@given(_EVENTS)
def test_every_event_is_in_exactly_one_account(tmp_path_factory: pytest.TempPathFactory, events: list) -> None:  # type: ignore[type-arg]
    times = {event_id: at for event_id, _, at in events}
    wants = {event_id: what[1] for event_id, what, _ in reversed(events) if what[0] == "A"}
    lines = [
        archived(event_id, times[event_id], wants[event_id])
        if what[0] == "A"
        else seen(event_id, Place(what[0]), int(what[1]), times[event_id])
        for event_id, what, _ in events
    ]
    result = found(tmp_path_factory.mktemp("ids"), *lines)
    (tally,) = result.indices
    by_kind = {kind: {one.event_id for one in result.differences if one.kind is kind} for kind in Kind}
    places: dict[str, set[str]] = {event_id: {what for one, what, _ in events if one == event_id} for event_id in times}
    known = {event_id for event_id, where in places.items() if where & {"A0", "A1"}}
    aside = {event_id for event_id in set(times) - known if places[event_id] & {"D0"}}
    lost = {event_id for event_id in set(times) - known - aside if times[event_id] == INSIDE}
    assert (result.archived, result.set_aside) == (len(known), len(aside))
    assert by_kind[Kind.NOT_ARCHIVED] == lost
    assert result.archived + result.set_aside + result.missing + result.in_flight == len(times)
    wanted = {event_id for event_id in known if wants[event_id] == "1"}
    indexed = {event_id for event_id, where in places.items() if "I1" in where}
    assert by_kind[Kind.NOT_WANTED] == (known & indexed) - wanted
    explained = {event_id for event_id in wanted - indexed if places[event_id] & {"D1", "R1"}}
    assert by_kind[Kind.NOT_INDEXED] == {
        event_id for event_id in wanted - indexed - explained if times[event_id] == INSIDE
    }
    assert tally.wanted == len(wanted)
    assert len(wanted & indexed) + tally.dead_letters + tally.rejected + tally.in_flight + tally.missing == len(wanted)
