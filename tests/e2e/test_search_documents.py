"""Search documents on the real node: what it refuses of a document it refuses of the published message alone."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opensearchpy import OpenSearch

from event_fork.events.envelope import StoredEvent
from event_fork.forward.search_document import ATTRIBUTES, METADATA, TEXT, search_document
from testbench import Bench
from testbench.paths import PROJECT
from tests.support.samples import PUBLISHED, TOPIC

Members = list[tuple[str, Any]]
"""A message's members; a name may be there twice."""
PROPERTIES = json.loads((PROJECT / "modules/search-analytics/mappings.json").read_text())
TEMPLATE: dict[str, Any] = {"properties": PROPERTIES}
DEFAULT: dict[str, Any] = {"properties": {}}
RESERVED = {*PROPERTIES, *METADATA}


@pytest.fixture(scope="module")
def node(bench: Bench) -> OpenSearch:
    return OpenSearch(bench.opensearch_url, timeout=60)


@pytest.fixture
def new_index(node: OpenSearch) -> Iterator[Callable[[dict[str, Any]], str]]:
    prefix = f"documents-{secrets.token_hex(4)}"

    def make(mappings: dict[str, Any]) -> str:
        name = f"{prefix}-{secrets.token_hex(4)}"
        node.indices.create(
            index=name, body={"mappings": mappings, "settings": {"number_of_shards": 1, "number_of_replicas": 0}}
        )
        return name

    yield make
    node.indices.delete(index=f"{prefix}-*")


def event(number: int, message: str, attributes: dict[str, str]) -> StoredEvent:
    described = {name: {"Type": "String", "Value": value} for name, value in attributes.items()}
    return StoredEvent(f"{number:08}-sns", TOPIC, message, PUBLISHED, None, described)


def index_all(node: OpenSearch, index: str, lines: Sequence[bytes]) -> list[dict[str, Any] | None]:
    """Index in this order, each document under its number; the error of each, or None."""
    body = b"".join(b'{"index":{"_id":"%d"}}\n%b' % (number, line) for number, line in enumerate(lines))
    answer = node.transport.perform_request("POST", f"/{index}/_bulk", params={"refresh": "true"}, body=body.decode())
    return [item["index"].get("error") for item in answer["items"]]


def found(node: OpenSearch, index: str, query: dict[str, Any]) -> int:
    return int(node.count(index=index, body={"query": query})["count"])


def documents(lines: Sequence[tuple[str, dict[str, str]]], *, template: bool) -> list[bytes]:
    return [
        search_document(event(number, message, attributes), "kind", attribute_fields=template)
        for number, (message, attributes) in enumerate(lines)
    ]


def test_the_names_of_opensearchs_own_fields_are_those_that_the_node_has(
    node: OpenSearch, new_index: Callable[[dict[str, Any]], str]
) -> None:
    known = node.field_caps(index=new_index(DEFAULT), fields="_*")["fields"]

    assert known
    assert set(known) <= set(METADATA)


@pytest.mark.parametrize("template", [True, False])
def test_attributes_that_look_like_dates_or_hold_each_other_or_never_end_are_indexed_and_found(
    node: OpenSearch, new_index: Callable[[dict[str, Any]], str], template: bool
) -> None:
    dates = [("{}", {"due": due}) for due in ("2026-11-23", "none", "2026-11-23 10:00")]
    dots = [("{}", {"order": "a"}), ("{}", {"order.type": "b"}), ("{}", {"order": "c", "order.type": "d"})]
    many = [("{}", {f"n{number}-{each}": "x" for each in range(10)}) for number in range(150)]
    long = [("{}", {"note": "é" * 120_000})]
    index = new_index(TEMPLATE if template else DEFAULT)

    assert set(map(str, index_all(node, index, documents([*dates, *dots, *many, *long], template=template)))) == {
        "None"
    }

    def by(name: str, value: str) -> int:
        if template:
            return found(node, index, {"match": {f"{ATTRIBUTES}.{name}": value}})
        return found(node, index, {"term": {f"{TEXT}.keyword": f"attributes.{name}={value}"}})

    assert [by("due", value) for value in ("2026-11-23", "none", "2026-11-23 10:00")] == [1, 1, 1]
    assert [by("order.type", value) for value in "bd"] == [1, 1]
    assert by("n149-9", "x") == 1


@pytest.mark.parametrize("mappings", [TEMPLATE, DEFAULT])
def test_members_with_opensearchs_names_are_indexed_and_found(
    node: OpenSearch, new_index: Callable[[dict[str, Any]], str], mappings: dict[str, Any]
) -> None:
    messages = ['{"_id":"65f0c0ffee","name":"chair"}', '{"_id":{"$oid":"65f0c0ffee"},"name":"chair"}', '{"_source":1}']
    index = new_index(mappings)

    assert index_all(node, index, documents([(text, {}) for text in messages], template=mappings is TEMPLATE)) == [
        None,
        None,
        None,
    ]
    assert found(node, index, {"match": {TEXT: "65f0c0ffee"}}) == 2
    assert found(node, index, {"term": {f"{TEXT}.keyword": 'message._id="65f0c0ffee"'}}) == 1


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


_parts = st.sampled_from(["a", "b", "order", "type", "", " ", "é", "_x"])
_names = st.one_of(
    st.sampled_from(["a", "b", "order", "created"]),
    st.builds(str.__add__, st.sampled_from(sorted(RESERVED)), st.sampled_from(["", ".", ".x", "..", "x"])),
    st.lists(_parts, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["*", "\n", "\u0000", "k" * 40_000, ".".join("a" * 25)]),
)
_scalars = st.one_of(
    st.sampled_from([None, True, 0, 1.5, 10**30, "", "x", "2026-11-23", "2026/11/23", "true", "5", "y" * 40_000]),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3), max_leaves=6
) | st.integers(15, 1_200).map(_nested)
_attribute_names = st.one_of(
    st.sampled_from(["kind", "due", "order", "order.type"]),
    st.from_regex(r"[a-z_-]{1,8}(\.[a-z0-9_-]{1,8}){0,30}", fullmatch=True),
)
_attribute_values = st.one_of(
    st.sampled_from(["2026-11-23", "2026", "1.5", "none", "2026/11/23", "+002026-01-01", "T10:00", "z" * 200_000]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
)
_attributes = st.dictionaries(_attribute_names, _attribute_values, max_size=6)
_events = st.lists(st.tuples(st.lists(st.tuples(_names, _values), max_size=5), _attributes), min_size=30, max_size=60)


def _object(members: Members) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members) + "}"


@pytest.mark.parametrize("template", [True, False])
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(events=_events)
def test_whatever_is_published_is_indexed_or_refused_for_the_message_itself(
    node: OpenSearch,
    new_index: Callable[[dict[str, Any]], str],
    template: bool,
    events: list[tuple[Members, dict[str, str]]],
) -> None:
    own = [[(name, value) for name, value in members if name.split(".")[0] not in RESERVED] for members, _ in events]
    alone, index = new_index(DEFAULT), new_index(TEMPLATE if template else DEFAULT)

    expected = index_all(node, alone, [(_object(members) + "\n").encode() for members in own])
    got = index_all(node, index, documents([(_object(members), given) for members, given in events], template=template))

    assert [error is None for error in got] == [error is None for error in expected], (got, expected)
    hits = node.search(index=index, body={"size": len(events)})["hits"]["hits"]
    stored = {hit["_id"]: hit["_source"] for hit in hits}
    for number, error in enumerate(got):
        if error is not None:
            continue
        members, given = events[number]
        document = stored[str(number)]
        texts = [f"message.{name}={json.dumps(value)}" for name, value in members if name.split(".")[0] in RESERVED]
        attributes = [f"attributes.{name}={value}" for name, value in given.items()]
        kept = [f"attributes.{name}={value}" for name, value in document.get(ATTRIBUTES, {}).items()]
        assert sorted([*document.get(TEXT, []), *kept]) == sorted([*texts, *attributes])
        assert [(name, value) for name, value in document.items() if name not in PROPERTIES] == own[number]
