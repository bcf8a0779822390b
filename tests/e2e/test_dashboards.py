"""The dashboards' saved objects and panels on the real node: Dashboards' own mapping takes them, each panel draws.

Not proved here: the page itself. There is no package of OpenSearch Dashboards, so its layout, its look and the
import stay as its source says (tests/functional/event_fork/test_dashboards_import.py).
"""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vl_convert
from opensearchpy import OpenSearch
from opensearchpy.exceptions import RequestError

from event_fork.events.envelope import StoredEvent
from event_fork.forward.search_document import search_document
from event_fork.index_management.dashboards import DASHBOARD, PANEL, Dashboards, SavedObject
from testbench import Bench
from testbench.paths import PROJECT
from tests.support.samples import TOPIC

NOW = datetime.now(UTC).replace(microsecond=0)
COUNT = 400
TYPES = ("order.placed", "order.paid", None)
COUNTRIES = ("AT", "DE", "IT")
PICTURES = PROJECT / ".bench/dashboards"
_JSON = {"type": "text", "index": False}
_META = {"properties": {"searchSourceJSON": _JSON}}
_UNINDEXED = {"index": False, "doc_values": False}
# Dashboards' own, from src/core/server/saved_objects/migrations/core and the saved_objects of its plugins: strict.
KIBANA = {
    "dynamic": "strict",
    "properties": {
        "migrationVersion": {"dynamic": "true", "type": "object"},
        "type": {"type": "keyword"},
        "references": {
            "type": "nested",
            "properties": {name: {"type": "keyword"} for name in ("name", "type", "id")},
        },
        "updated_at": {"type": "date"},
        "index-pattern": {
            "dynamic": "false",
            "properties": {"title": {"type": "text"}, "type": {"type": "keyword"}},
        },
        "visualization": {
            "properties": {
                "description": {"type": "text"},
                "kibanaSavedObjectMeta": _META,
                "savedSearchRefName": {"type": "keyword", **_UNINDEXED},
                "title": {"type": "text"},
                "uiStateJSON": _JSON,
                "version": {"type": "integer"},
                "visState": _JSON,
            }
        },
        "dashboard": {
            "properties": {
                "description": {"type": "text"},
                "hits": {"type": "integer", **_UNINDEXED},
                "kibanaSavedObjectMeta": _META,
                "optionsJSON": _JSON,
                "panelsJSON": _JSON,
                "timeFrom": {"type": "keyword", **_UNINDEXED},
                "timeRestore": {"type": "boolean", **_UNINDEXED},
                "timeTo": {"type": "keyword", **_UNINDEXED},
                "title": {"type": "text"},
                "version": {"type": "integer"},
            }
        },
    },
}


@pytest.fixture(scope="module")
def node(bench: Bench) -> OpenSearch:
    return OpenSearch(bench.opensearch_url, timeout=60)


@pytest.fixture(scope="module")
def made(node: OpenSearch) -> Iterator[Dashboards]:
    """Dashboards of an index with a day of orders, made as the fork makes them."""
    name = f"panels-{secrets.token_hex(4)}"
    properties = json.loads((PROJECT / "modules/search-analytics/mappings.json").read_text())
    node.indices.create(
        index=f"{name}-2026",
        body={"mappings": {"properties": properties}, "settings": {"number_of_shards": 1, "number_of_replicas": 0}},
    )
    lines = b"".join(b'{"index":{}}\n' + document(number) for number in range(COUNT))
    answer = node.transport.perform_request(
        "POST", f"/{name}-2026/_bulk", params={"refresh": "true"}, body=lines.decode()
    )
    assert answer["errors"] is False
    yield Dashboards(
        name, f"{name}-2*", "global", ["amount", "customer.age"], ["customer.country.keyword"], "They are in a bucket."
    )
    node.indices.delete(index=f"{name}-*")


def document(number: int) -> bytes:
    message = {"id": number, "amount": 10 + number % 90, "customer": {"country": COUNTRIES[number % 3], "age": 20}}
    kind = TYPES[number % 5 % 3]
    attributes = {"event_type": {"Type": "String", "Value": kind}} if kind else {}
    published = NOW - timedelta(minutes=number * 4)
    text = json.dumps(message | ({"_id": number} if number % 40 == 0 else {}))
    stamp = published.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return search_document(StoredEvent(f"{number:08}-sns", TOPIC, text, stamp, None, attributes), "event_type")


def vega_panels(made: Dashboards) -> dict[str, dict[str, Any]]:
    """The specification of each Vega panel by its title."""
    states = [json.loads(each["attributes"]["visState"]) for each in made.saved_objects() if each["type"] == PANEL]
    return {
        state["title"].partition(": ")[2]: json.loads(state["params"]["spec"])
        for state in states
        if state["type"] == "vega"
    }


def asked(node: OpenSearch, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """What the panel gets, by the query that Dashboards makes of it for the last 24 hours."""
    url = spec["data"]["url"]
    assert url.pop("%context%") is True
    day = {"gte": (NOW - timedelta(days=1)).isoformat(), "lte": NOW.isoformat(), "format": "strict_date_optional_time"}
    query = {"bool": {"must": [{"range": {url.pop("%timefield%"): day}}], "filter": [], "must_not": []}}
    found: Any = node.search(index=url["index"], body={**url["body"], "query": query})
    for name in spec["data"]["format"]["property"].split("."):
        found = found[name]
    return list(found)


def test_dashboards_strict_mapping_takes_each_saved_object_and_refuses_foreign_attributes(
    node: OpenSearch, made: Dashboards
) -> None:
    index = f"kibana-{secrets.token_hex(4)}"
    node.indices.create(index=index, body={"mappings": KIBANA, "settings": {"number_of_replicas": 0}})

    def store(each: SavedObject, **more: Any) -> None:
        known = {"type", "id", "attributes", "references", "migrationVersion"}
        assert set(each) == known
        body = {name: each[name] for name in ("type", "references", "migrationVersion")}
        node.index(index=index, body={**body, each["type"]: {**each["attributes"], **more}})

    try:
        for each in made.saved_objects():
            store(each)
        for each in made.saved_objects()[1:]:  # attributes of an index pattern are not looked at
            with pytest.raises(RequestError, match="strict_dynamic_mapping_exception"):
                store(each, foreign="x")
    finally:
        node.indices.delete(index=index)


def test_each_panel_draws_what_the_node_answers(node: OpenSearch, made: Dashboards) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    marks = {}
    for title, spec in vega_panels(made).items():
        values = asked(node, spec)
        assert values, title
        drawn = {**spec, "data": {"values": values}, "width": 500, "height": 200}
        picture = vl_convert.vegalite_to_svg(drawn)
        marks[title] = picture.count('aria-roledescription="bar"')
        name = title.replace(" ", "-").lower()
        (PICTURES / f"{name}.svg").write_text(picture)
        (PICTURES / f"{name}.png").write_bytes(vl_convert.vegalite_to_png(drawn, scale=1.5))

    assert all(marks.values()), marks
    assert marks["Types"] == 3
    assert marks["Age of the newest event of each type"] == 3
    assert marks["Top values of customer.country.keyword"] == 3
    assert marks["Sum of amount"] > 20


def test_the_panels_numbers_are_those_of_the_documents(node: OpenSearch, made: Dashboards) -> None:
    panels = vega_panels(made)
    kept = [number for number in range(COUNT) if number * 4 <= 24 * 60]

    sums = sum(bucket["numbers"]["sum"] for bucket in asked(node, panels["Sum of amount"]))
    volume = asked(node, panels["Events by type"])
    types = {bucket["key"]: bucket["doc_count"] for bucket in asked(node, panels["Types"])}
    texts = asked(node, panels["Events with members or attributes kept as text"])

    assert sums == sum(10 + number % 90 for number in kept)
    assert sum(each["doc_count"] for bucket in volume for each in bucket["types"]["buckets"]) == len(kept)
    assert types == {kind or "(no type)": sum(TYPES[number % 5 % 3] == kind for number in kept) for kind in TYPES}
    assert sum(bucket["kept"]["doc_count"] for bucket in texts) == sum(number % 40 == 0 for number in kept)


def test_every_panel_has_its_place_and_none_lies_on_another(made: Dashboards) -> None:
    (dashboard,) = [each for each in made.saved_objects() if each["type"] == DASHBOARD]
    placed = json.loads(dashboard["attributes"]["panelsJSON"])
    cells = [
        (x, y)
        for panel in placed
        for x in range(panel["gridData"]["x"], panel["gridData"]["x"] + panel["gridData"]["w"])
        for y in range(panel["gridData"]["y"], panel["gridData"]["y"] + panel["gridData"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 47
    assert {panel["panelRefName"] for panel in placed} == {each["name"] for each in dashboard["references"]}
