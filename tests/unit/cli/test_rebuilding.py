"""An index built from an archive in memory: what it holds, what the alias means then, and what is refused."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from event_fork.archive.layout import HIVE
from event_fork.errors import DomainRefusedError
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import EVER, Window, timestamp_text
from event_fork.filter_policy import MESSAGE_ATTRIBUTES
from event_fork.sending.backoff import Backoff
from event_fork_cli.aws import AwsSettings
from event_fork_cli.errors import FailedError, RefusedError
from event_fork_cli.repairs.forks import ErrorFolder, Stream
from event_fork_cli.search.aliases import REBUILT, alias_of, limits_of, narrowed
from event_fork_cli.search.calls import Calls
from event_fork_cli.search.contents import Seen, seen_in
from event_fork_cli.search.rebuilding import IndexBuilder, Rebuild, Rebuilt, rebuild, window_begun
from event_fork_cli.search.sources import DocumentMaker, Search
from tests.support.fake_domain import FakeDomain
from tests.support.memory_archive import MemoryArchive
from tests.support.samples import TOPIC

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = Window(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
KEY = "date=2026-11-23/hour=12/orders-backup-1-2026-11-23-12-00-00-{}.gz"


def event(number: int, minutes: float = 0, message: str | None = None, event_id: str | None = None) -> StoredEvent:
    return StoredEvent(
        event_id or f"id-{number}",
        TOPIC,
        message if message is not None else json.dumps({"number": number, "card": "4111"}),
        timestamp_text(NOON + timedelta(minutes=minutes)),
        attributes={"amount": {"Type": "Number", "Value": str(number)}},
    )


@dataclass(frozen=True)
class _Fork:
    name: str = "orders-search"


STREAM = Stream("orders-search", ErrorFolder("", ""), "orders", "OneMonth")


@dataclass
class World:
    """A search fork whose domain and archive are in memory."""

    domain: FakeDomain = field(default_factory=FakeDomain)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    maker: DocumentMaker = field(
        default_factory=lambda: DocumentMaker(
            json.dumps({"amount": [{"numeric": [">=", 10]}]}),
            MESSAGE_ATTRIBUTES,
            "event_type",
            True,
            json.dumps([{"path": "$.card", "action": "mask"}]),
        )
    )
    deployed: _Fork = field(default_factory=_Fork)
    stream: Stream = STREAM

    def calls(self, _: Any = None) -> Calls:
        return Calls(self.domain, "the domain", Backoff(attempts=3, draw=lambda _, most: most, sleep=self.slept.append))

    def alias(self, calls: Calls) -> str | None:
        return alias_of(self.stream, calls)

    def store(self, *events: StoredEvent | bytes, name: str = "a") -> None:
        lines = [one if isinstance(one, bytes) else one.to_line() for one in events]
        self.archive.objects[KEY.format(name)] = b"".join(lines)

    def rebuild(self, index: str = "orders-rebuilt", window: Window = DAY, **options: Any) -> Rebuilt:
        given: dict[str, Any] = {"alias": None, "swap_anyway": False, **options}
        search: Any = self
        return rebuild(
            AwsSettings(),
            search,
            Rebuild.of(index, search, "s3://archive/", window, "1d to now"),
            self.archive,
            "",
            HIVE,
            window,
            lateness=timedelta(hours=1),
            now=datetime(2026, 12, 24, tzinfo=UTC),
            processes=0,
            show=lambda _: None,
            say=self.said.append,
            **given,
        )


@pytest.fixture
def world() -> World:
    made = World()
    made.domain.template = {
        "settings": {"index": {"number_of_replicas": "2", "uuid": "x"}},
        "mappings": {"_meta": {"by": "us"}},
    }
    return made


def pages(found: Iterator[list[Seen]]) -> list[str]:
    return [one.event_id for page in found for one in page]


def test_the_index_has_each_event_that_the_policy_lets_through_once_as_the_fork_makes_it(world: World) -> None:
    world.store(event(9), event(10), event(11), event(10))
    world.store(event(11), name="b")

    done = world.rebuild()

    index = world.domain.indices["orders-rebuilt"]
    assert sorted(index) == ["id-10", "id-11"]
    assert (index["id-10"]["card"], index["id-10"]["event_id"]) == ("***", "id-10")
    assert (done.filled.wanted, done.filled.created, done.filled.there) == (4, 2, 2)
    assert done.compared.equal
    assert (done.compared.archive, done.compared.index) == (2, 2)
    assert world.said == ["the domain has no alias for orders, so nothing was swapped: name one with --alias"]


def test_it_is_made_with_the_templates_settings_without_replicas_while_it_is_filled(world: World) -> None:
    world.store(event(10))
    world.rebuild()
    body = world.domain.bodies["orders-rebuilt"]
    assert body["settings"]["index"] == {"number_of_replicas": "0", "refresh_interval": "-1"}
    assert body["mappings"]["_meta"]["by"] == "us"
    assert "PUT /orders-rebuilt/_settings" in world.domain.calls


def test_an_interrupted_run_goes_on_and_indexes_only_what_is_not_there(world: World) -> None:
    world.store(*(event(number) for number in range(10, 20)))
    world.rebuild()
    del world.domain.indices["orders-rebuilt"]["id-15"]  # as if it had been killed before that

    done = world.rebuild()

    assert (done.filled.created, done.filled.there) == (1, 9)
    assert "going on with orders-rebuilt" in world.said[1]


def test_another_window_policy_or_an_index_of_somebody_else_is_refused(world: World) -> None:
    world.store(event(10))
    world.rebuild()
    with pytest.raises(RefusedError, match="begun with another --to"):
        world.rebuild(window=Window(DAY.start, DAY.end + timedelta(days=1)))
    world.maker = replace(world.maker, redact="[]")
    with pytest.raises(RefusedError, match="begun with another filter policy or redaction"):
        world.rebuild()
    world.domain.indices["theirs"], world.domain.bodies["theirs"] = {}, {"mappings": {}}
    with pytest.raises(RefusedError, match="no rebuild's"):
        world.rebuild("theirs")


@pytest.mark.parametrize("name", ["orders", "orders-2026-11", "orders-2-anything"])
def test_a_name_that_firehose_may_write_to_is_refused(world: World, name: str) -> None:
    with pytest.raises(RefusedError, match="Firehose may write to"):
        world.rebuild(name)


def test_the_alias_then_means_the_new_index_and_of_the_old_only_what_lies_outside_the_window(world: World) -> None:
    domain = world.domain
    inside = {"@timestamp": "2026-11-23T12:00:00.000Z", "event_id": "id-10"}
    late = {"@timestamp": "2026-11-25T12:00:00.000Z", "event_id": "id-99"}
    domain.indices = {"orders-2026-11": {"x": inside, "y": late}, "orders-2026-10": {"z": inside}, "orders-old": {}}
    domain.aliases = {"orders-all": {"orders-2026-11": None, "orders-2026-10": None}}
    world.store(event(10))

    done = world.rebuild()

    assert done.swap is not None
    assert (done.swap.replaced, done.swap.narrowed) == (("orders-2026-10",), ("orders-2026-11",))
    assert sorted(hit[2]["event_id"] for hit in domain.seen("orders-all")) == ["id-10", "id-99"]
    assert "orders-2026-10" in domain.indices, "the old one stays until it is dropped"
    assert domain.calls.count("POST /_aliases") == 1


def test_a_window_that_was_rebuilt_stays_out_of_the_old_index_when_another_is_rebuilt(world: World) -> None:
    domain = world.domain
    days = [DAY.start + timedelta(days=number, hours=12) for number in range(4)]
    domain.indices["orders-2026-11"] = {
        str(number): {"@timestamp": timestamp_text(day), "event_id": f"id-{number + 10}"}
        for number, day in enumerate(days)
    }
    domain.aliases = {"orders-all": {"orders-2026-11": None}}
    for number in range(4):
        at = KEY.format("a").replace("11-23", f"11-{23 + number}")
        world.archive.objects[at] = event(10 + number, minutes=number * 1440).to_line()

    for number in (0, 2, 0):  # the last one goes on with what is there
        window = Window(DAY.start + timedelta(days=number), DAY.end + timedelta(days=number))
        world.rebuild(f"orders-rebuilt-{number}", window)

    def seen() -> list[tuple[str, str]]:
        return sorted((hit[2]["event_id"], hit[0]) for hit in domain.seen("orders-all"))

    old, new = "orders-2026-11", "orders-rebuilt"
    assert seen() == [("id-10", f"{new}-0"), ("id-11", old), ("id-12", f"{new}-2"), ("id-13", old)]
    limit = limits_of(world.calls(), "orders-all")["orders-2026-11"]
    assert limit is not None
    assert len(limit["bool"]["must_not"]) == 2

    # Of a window that reaches over both, nothing of the first two is left to be seen.
    world.rebuild("orders-rebuilt-x", Window(DAY.start, DAY.end + timedelta(days=2)))
    assert seen() == [*((f"id-{number}", f"{new}-x") for number in (10, 11, 12)), ("id-13", old)]
    assert sorted(domain.aliases["orders-all"]) == ["orders-2026-11", "orders-rebuilt-x"]


def test_an_alias_filter_of_the_users_stays_beside_the_window() -> None:
    theirs = {"term": {"kind": "paid"}}
    once = narrowed(theirs, DAY)
    assert once["bool"]["filter"] == [theirs]
    assert narrowed(once, DAY) == once
    later = Window(DAY.end, DAY.end + timedelta(days=1))
    assert narrowed(once, later)["bool"] == {
        "filter": [theirs],
        "must_not": [*once["bool"]["must_not"], *narrowed(None, later)["bool"]["must_not"]],
    }


def test_a_window_that_was_asked_for_in_the_same_words_goes_on(world: World) -> None:
    world.store(event(10))
    world.domain.refuses = lambda _: {"type": "x", "status": 400, "reason": "not now"}
    with pytest.raises(FailedError):
        world.rebuild()
    calls = world.calls()
    assert window_begun(calls, "orders-rebuilt", "1d to now") == DAY
    assert window_begun(calls, "orders-rebuilt", "2d to now") is None
    assert window_begun(calls, "orders-other", "1d to now") is None
    world.domain.refuses = lambda _: None
    world.domain.aliases = {"orders-all": {"orders-rebuilt": None}}
    world.rebuild()
    assert window_begun(calls, "orders-rebuilt", "1d to now") is None, "it is finished, so it would be another window"


def test_the_old_ones_are_dropped_only_when_they_were_replaced_and_are_in_no_alias(world: World) -> None:
    domain = world.domain
    inside = {"@timestamp": "2026-11-23T12:00:00.000Z", "event_id": "id-10"}
    domain.indices = {"orders-2026-10": {"z": inside}, "orders-2026-09": {"z": inside}}
    domain.aliases = {"orders-all": {"orders-2026-10": None, "orders-2026-09": None}}
    world.store(event(10))
    world.rebuild()
    search: Any = world
    builder = IndexBuilder(search, world.calls(), Rebuild("orders-rebuilt", "", "", "", "", ""))
    domain.aliases["reports"] = {"orders-2026-09": None}

    assert builder.replaced() == ["orders-2026-10"]
    builder.drop(builder.replaced())

    assert sorted(domain.indices) == ["orders-2026-09", "orders-rebuilt"]
    with pytest.raises(RefusedError, match="no finished rebuild"):
        IndexBuilder(search, world.calls(), Rebuild("orders-2026-09", "", "", "", "", "")).replaced()


def test_refused_documents_and_damaged_lines_keep_the_alias_as_it_is_unless_it_is_asked_for(world: World) -> None:
    world.domain.indices = {"orders-2026-10": {}}
    world.domain.aliases = {"orders-all": {"orders-2026-10": None}}
    error = {
        "type": "mapper_parsing_exception",
        "status": 400,
        "reason": "failed to parse field [number] of type [long]",
    }
    world.domain.refuses = lambda document: error if document["number"] == 11 else None
    world.store(event(10), event(11), event(12, message="no JSON"))

    with pytest.raises(FailedError, match=r"refuses 1 documents, 1 of them because mapper_parsing_exception: failed"):
        world.rebuild()
    assert list(world.domain.aliases["orders-all"]) == ["orders-2026-10"]

    done = world.rebuild(swap_anyway=True)
    assert done.filled.impossible == {"not-json": 1}
    assert "orders-rebuilt" in world.domain.aliases["orders-all"]

    world.store(b"{damaged\n", name="c")
    with pytest.raises(FailedError, match="1 parts of the archive cannot be read"):
        world.rebuild("orders-second")


def test_a_busy_domain_is_asked_again_and_in_the_end_said_to_be_busy(world: World) -> None:
    busy = {"type": "rejected_execution_exception", "status": 429, "reason": "queue is full"}
    answers = iter([busy, None])
    world.domain.refuses = lambda _: next(answers, None)
    world.store(event(10))
    assert world.rebuild().filled.created == 1
    assert len(world.slept) == 1
    world.domain.refuses = lambda _: busy
    with pytest.raises(DomainRefusedError, match="takes no documents for now: queue is full"):
        world.rebuild("orders-second")


def test_an_index_is_read_page_by_page_in_parts_and_an_index_that_is_not_there_is_empty(world: World) -> None:
    documents = {str(n): {"@timestamp": "2026-11-23T12:00:00.000Z", "event_id": f"id-{n}"} for n in range(11)}
    world.domain.indices["orders-2026-11"] = {**documents, "x": {"@timestamp": "2026-11-23T12:00:00.000Z"}}
    calls = world.calls()
    found = [one for part in range(2) for one in pages(seen_in(calls, "orders-2*", DAY, part, 2))]
    assert sorted(found) == sorted(["", *(f"id-{n}" for n in range(11))])
    assert world.domain.calls.count("DELETE /_search/scroll") == 2
    assert pages(seen_in(calls, "orders-2*", Window(DAY.end, EVER.end))) == []


def test_a_document_of_a_rebuilt_window_goes_to_the_rebuilt_index(world: World) -> None:
    made = {"mappings": {"_meta": {REBUILT: {"start": DAY.start_text, "end": DAY.end_text}}}}
    world.domain.indices["orders-rebuilt"], world.domain.bodies["orders-rebuilt"] = {}, made
    world.domain.aliases = {"orders-all": {"orders-rebuilt": None}}
    target = Search.target(world, world.calls())  # type: ignore[arg-type]
    assert target(NOON) == "orders-rebuilt"
    assert target(NOON + timedelta(days=1)) == "orders-2026-11"

    world.domain.indices["orders-rebuilt-2"] = {}
    world.domain.bodies["orders-rebuilt-2"] = made
    evening = Window(NOON, DAY.end)  # of it the second one is seen only
    world.domain.aliases["orders-all"] = {"orders-rebuilt": narrowed(None, evening), "orders-rebuilt-2": None}
    target = Search.target(world, world.calls())  # type: ignore[arg-type]
    assert (target(DAY.start), target(NOON)) == ("orders-rebuilt", "orders-rebuilt-2")
