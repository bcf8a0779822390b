"""Saved objects of OpenSearch Dashboards for a search fork: index pattern, panels in Vega-Lite, and one dashboard.

What the form rests on: Dashboards' own mapping of its saved objects, and what its parser replaces in a Vega panel
(`%context%`, `%timefield%`): https://docs.opensearch.org/latest/dashboards/visualize/vega/
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INDEX_PATTERN, PANEL, DASHBOARD = "index-pattern", "visualization", "dashboard"

# The newest migrations that all versions of OpenSearch Dashboards know. Without them a newer one is taken for none.
_MIGRATED = {INDEX_PATTERN: "7.6.0", PANEL: "7.10.0", DASHBOARD: "7.9.3"}
_VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json"  # a name: Dashboards loads nothing from there
_TIME, _TEXT = "@timestamp", "event_text"
_NO_TYPE = "(no type)"
_BARS, _TOP, _HEIGHT, _COLUMNS = 60, 10, 15, 48

SavedObject = dict[str, Any]


@dataclass(frozen=True)
class Dashboards:
    """What is asked for: the user's own fields, by the names that an aggregation takes."""

    fork: str
    index_pattern: str
    tenant: str
    numbers: Sequence[str] = ()
    values: Sequence[str] = ()
    where_rejected: str = ""
    """Where documents are that the index refused: they are in no index, so no panel can count them."""
    edition: int = 1
    """Of the panels: Terraform installs them again where it changes."""
    type_field: str = "event_type.keyword"

    def saved_objects(self) -> list[SavedObject]:
        """Each after those that it refers to."""
        panels = [self._panel(key, title, vis) for key, title, vis in self._panels()]
        pattern = self._object(INDEX_PATTERN, "", {"title": self.index_pattern, "timeFieldName": _TIME})
        return [pattern, *panels, self._dashboard(panels)]

    def identities(self) -> list[tuple[str, str]]:
        """Type and id of each, the dashboard first."""
        return [(each["type"], each["id"]) for each in reversed(self.saved_objects())]

    def _panels(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        yield "volume", "Events by type", _vega(self.index_pattern, *_volume(self.type_field))
        yield "types", "Types", _vega(self.index_pattern, *_top_values(self.type_field, "type", missing=_NO_TYPE))
        yield "newest", "Age of the newest event of each type", _vega(self.index_pattern, *_newest(self.type_field))
        for field in self.numbers:
            yield f"number-{field}", f"Sum of {field}", _vega(self.index_pattern, *_number(field))
        for field in self.values:
            yield f"value-{field}", f"Top values of {field}", _vega(self.index_pattern, *_top_values(field, field))
        yield "text", "Events with members or attributes kept as text", _vega(self.index_pattern, *_kept_as_text())
        text = f"**Documents that the index refused** are in no index. {self.where_rejected}"
        yield "rejected", "Rejected documents", {"type": "markdown", "params": {"markdown": text, "fontSize": 12}}

    def _panel(self, key: str, title: str, vis: dict[str, Any]) -> SavedObject:
        title = f"{self.fork}: {title}"
        attributes = {"title": title, "visState": _json({"title": title, "aggs": [], **vis}), "uiStateJSON": "{}"}
        return self._object(PANEL, f"-{key}", {**attributes, **_search_source()})

    def _dashboard(self, panels: list[SavedObject]) -> SavedObject:
        placed = [
            {
                "version": _MIGRATED[DASHBOARD],
                "panelIndex": str(number),
                "panelRefName": f"panel_{number}",
                "embeddableConfig": {},
                "gridData": {"i": str(number), "h": _HEIGHT, **place},
            }
            for number, place in enumerate(_places(len(panels)))
        ]
        attributes = {
            "title": f"Events of {self.fork}",
            "hits": 0,
            "panelsJSON": _json(placed),
            "optionsJSON": _json({"useMargins": True, "hidePanelTitles": False}),
            "timeRestore": True,
            "timeFrom": "now-24h",
            "timeTo": "now",
            **_search_source(),
        }
        references = [
            {"name": f"panel_{number}", "type": PANEL, "id": panel["id"]} for number, panel in enumerate(panels)
        ]
        return self._object(DASHBOARD, "", attributes, references)

    def _object(
        self, kind: str, suffix: str, attributes: Mapping[str, Any], references: Sequence[Mapping[str, str]] = ()
    ) -> SavedObject:
        described = f"Of the fork {self.fork}, kept by Event Fork Pipelines: changes made here are written over."
        own = {} if kind == INDEX_PATTERN else {"description": described, "version": 1}
        return {
            "type": kind,
            "id": f"event-fork-{self.fork}{suffix}",
            "attributes": {**attributes, **own},
            "references": list(references),
            "migrationVersion": {kind: _MIGRATED[kind]},
        }


def _places(count: int) -> Iterator[dict[str, int]]:
    """The first panel as wide as the page, then two in a row."""
    yield {"x": 0, "y": 0, "w": _COLUMNS}
    for number in range(count - 1):
        row, column = divmod(number, 2)
        alone = column == 0 and number == count - 2
        yield {"x": column * _COLUMNS // 2, "y": (row + 1) * _HEIGHT, "w": _COLUMNS if alone else _COLUMNS // 2}


def _search_source() -> dict[str, Any]:
    source = {"query": {"query": "", "language": "kuery"}, "filter": []}
    return {"kibanaSavedObjectMeta": {"searchSourceJSON": _json(source)}}


def _vega(index_pattern: str, aggregations: dict[str, Any], buckets: str, view: dict[str, Any]) -> dict[str, Any]:
    # Searches through "url" alone are Dashboards' own; the time picker and the filters of the page act on them.
    query = {
        "%context%": True,
        "%timefield%": _TIME,
        "index": index_pattern,
        "body": {"size": 0, "aggs": aggregations},
    }
    data = {"url": query, "format": {"type": "json", "property": f"aggregations.{buckets}"}}
    spec = {"$schema": _VEGA_LITE, "data": data, "autosize": {"type": "fit", "contains": "padding"}, **view}
    return {"type": "vega", "params": {"spec": json.dumps(spec, indent=2)}}


def _over_time(more: Mapping[str, Any]) -> dict[str, Any]:
    return {"time": {"auto_date_histogram": {"field": _TIME, "buckets": _BARS}, "aggs": more}}


def _by_type(field: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"terms": {"field": field, "size": _TOP, "missing": _NO_TYPE}, "aggs": more}


def _axis(field: str, title: str | None, kind: str, **more: Any) -> dict[str, Any]:
    # What Vega-Lite takes for a path is escaped by brackets: bucket names are our own, titles the user's.
    return {"field": field, "type": kind, "title": title, **more}


_TIME_AXIS = _axis("key", None, "temporal")
_TIME_TIP = _axis("key", "time", "temporal", format="%Y-%m-%d %H:%M")


def _volume(type_field: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    view = {
        "transform": [{"flatten": ["types.buckets"], "as": ["type"]}],
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": _TIME_AXIS,
            "y": _axis("type.doc_count", "events", "quantitative", stack=True),
            "color": _axis("type.key", "type", "nominal"),
            "tooltip": [
                _TIME_TIP,
                _axis("type.key", "type", "nominal"),
                _axis("type.doc_count", "events", "quantitative"),
            ],
        },
    }
    return _over_time({"types": _by_type(type_field, {})}), "time.buckets", view


def _top_values(field: str, title: str, missing: str | None = None) -> tuple[dict[str, Any], str, dict[str, Any]]:
    terms = {"field": field, "size": _TOP} | ({} if missing is None else {"missing": missing})
    return {"values": {"terms": terms}}, "values.buckets", _bars(title, _axis("doc_count", "events", "quantitative"))


def _bars(title: str, length: dict[str, Any], transform: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    name = _axis("key", title, "nominal")
    return {
        "transform": list(transform),
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {"y": {**name, "title": None, "sort": "-x"}, "x": length, "tooltip": [name, length]},
    }


def _newest(type_field: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    minutes = {"calculate": "(now() - datum.newest.value) / 60000", "as": "minutes"}
    view = _bars("type", _axis("minutes", "minutes", "quantitative", format=",.1f"), [minutes])
    return {"types": _by_type(type_field, {"newest": {"max": {"field": _TIME}}})}, "types.buckets", view


def _number(field: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    parts = [_axis(f"numbers.{each}", each, "quantitative", format=",.2f") for each in ("sum", "avg", "min", "max")]
    view = {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": _TIME_AXIS,
            "y": _axis("numbers.sum", f"sum of {field}", "quantitative"),
            "tooltip": [_TIME_TIP, *parts, _axis("numbers.count", "values", "quantitative")],
        },
    }
    return _over_time({"numbers": {"stats": {"field": field}}}), "time.buckets", view


def _kept_as_text() -> tuple[dict[str, Any], str, dict[str, Any]]:
    count = _axis("kept.doc_count", "events", "quantitative")
    view = {
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {"x": _TIME_AXIS, "y": count, "tooltip": [_TIME_TIP, count]},
    }
    return _over_time({"kept": {"filter": {"exists": {"field": _TEXT}}}}), "time.buckets", view


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
