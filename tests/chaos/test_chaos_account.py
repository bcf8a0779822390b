"""What `make chaos` decides by, without a bench: the schedule of faults, the events, the account of each fork."""

from collections import Counter

import pytest

from tests.chaos.events import made, matching, one_id
from tests.chaos.ledger import Account, Seen, account, complaints, table
from tests.chaos.memory import flat, growth
from tests.chaos.schedule import AFTERWARDS, KINDS, afterwards, schedule

MIB = 2**20
PUBLISHED = {"event-000001", "event-000002", "event-000003"}
WHOLE = Seen(Counter(PUBLISHED))


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_of_fault_strikes_each_of_its_forks_and_the_same_seed_plans_the_same(seed: int) -> None:
    planned = schedule(seed, 10_000)

    assert planned == schedule(seed, 10_000)
    assert {(one.kind, one.fork) for one in planned} == {(kind.name, fork) for kind in KINDS for fork in kind.forks}
    assert {one.kind for one in afterwards(seed)} == {kind.name for kind in AFTERWARDS}
    starts = [one.at for one in planned]
    assert starts == sorted(set(starts)), "two faults never begin at once"
    assert starts[0] > 0
    assert starts[-1] < 10_000 - 100, "events come after the last one"
    limits = {kind.name: range(kind.least, kind.most + 1) for kind in KINDS}
    assert all(one.times in limits[one.kind] for one in planned)


def test_another_seed_plans_otherwise() -> None:
    assert len({str(schedule(seed, 10_000)) for seed in range(20)}) == 20


def test_every_event_has_an_id_and_the_search_fork_gets_those_of_100_and_more() -> None:
    events = made(5, 2_000)

    assert events == made(5, 2_000)
    assert len({one.id for one in events}) == 2_000
    assert all(one_id(one.event.message) == one.id for one in events)
    assert matching(events) == {one.id for one in events if one.event.attributes["amount"] in range(100, 1_000)}
    assert sum(one.event.message.startswith("[") for one in events) >= 1, "some are no documents"
    assert sum('"value"' in one.event.message for one in events) >= 1, "some do not fit the index"
    assert '"amount": ' in events[0].event.message
    assert events[0].matches


def test_all_that_was_published_and_is_there_once_is_whole() -> None:
    found = account("backup", PUBLISHED, WHOLE)

    assert found == Account("backup", 3, 3, 0, 0, 0, [], [], [])
    assert complaints([found], {"s3-denied": 2}, "") == []


def test_an_event_that_is_nowhere_is_lost_and_named() -> None:
    found = account("backup", PUBLISHED, Seen(Counter(["event-000001", "event-000003", "event-000003"])))

    assert (found.lost, found.duplicates) == (["event-000002"], 1)
    assert complaints([found], {}, "") == ["backup: 1 lost: event-000002"]


def test_what_is_set_aside_or_rejected_is_not_lost_when_a_reason_says_why() -> None:
    seen = Seen(Counter(["event-000001"]), {"event-000002": "not-a-document"}, {"event-000003": "400 unparsable"})
    found = account("search", PUBLISHED, seen)

    assert (found.delivered, found.dead_lettered, found.rejected, found.lost) == (1, 1, 1, [])
    assert complaints([found], {}, "") == []


def test_a_dead_letter_of_which_nobody_says_why_fails_the_run() -> None:
    found = account("search", PUBLISHED, Seen(Counter(["event-000001", "event-000003"]), {"event-000002": ""}))

    assert complaints([found], {}, "") == ["search: 1 set aside without a reason: event-000002"]


def test_a_dead_letter_without_a_reason_whose_event_is_delivered_too_is_a_second_copy() -> None:
    assert account("search", PUBLISHED, Seen(Counter(PUBLISHED), {"event-000002": ""})).whole


def test_what_was_never_published_for_a_fork_is_too_much() -> None:
    found = account("search", PUBLISHED, Seen(Counter([*PUBLISHED, "event-000009"])))

    assert complaints([found], {}, "") == ["search: 1 too much: event-000009"]


def test_a_fault_that_never_struck_fails_the_run() -> None:
    (text,) = complaints([account("backup", PUBLISHED, WHOLE)], {"s3-denied": 0, "put-partly": 3}, "")

    assert text == "s3-denied was injected 0 times, so the run says nothing of it"


def test_a_verify_that_disagrees_fails_the_run() -> None:
    assert complaints([], {}, "the window is not complete") == ["event-fork verify: the window is not complete"]


def test_the_table_says_what_became_of_the_events_and_how_often_each_fault_struck() -> None:
    lines = table([account("backup", PUBLISHED, WHOLE)], {"s3-denied": 2}).splitlines()

    assert lines[0].split() == ["fork", "published", "delivered", "dead-lettered", "rejected", "duplicates", "lost"]
    assert lines[1].split() == ["backup", "3", "3", "0", "0", "0", "0"]
    assert lines[-1].split() == ["s3-denied", "2"]


def test_memory_that_stays_or_falls_is_flat_and_warming_up_does_not_count() -> None:
    assert flat([100 * MIB + n for n in range(30)])
    assert flat([10 * MIB] * 10 + [200 * MIB] * 20)
    assert flat([300 * MIB] * 20 + [100 * MIB] * 10)


def test_memory_that_grows_by_more_than_a_tenth_and_16_mib_is_not_flat() -> None:
    leak = [100 * MIB + n * 2 * MIB for n in range(30)]

    assert growth(leak) == 20 * MIB
    assert not flat(leak)
    assert flat(leak, allowed=5 * MIB)
    assert flat([1000 * MIB + n * 2 * MIB for n in range(30)])


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="nine samples are needed to see a growth, not 8"):
        growth([1] * 8)
