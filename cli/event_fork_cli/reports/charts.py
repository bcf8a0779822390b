"""The report's charts as SVG: colours that fit light and dark, and a title under the pointer for every mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from event_fork_cli.errors import FailedError
from event_fork_cli.output import visible
from event_fork_cli.reports.collecting import Point, TypeCount

WIDTH, HEIGHT = 360, 170
_QUIET, _FAINT = "#8888", "#8884"
_CONFIG = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "domainColor": _QUIET,
        "tickColor": _QUIET,
        "gridColor": _FAINT,
    },
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "orient": "bottom", "columns": 3},
    # Of middle lightness: each is seen on white and on black.
    "range": {"category": ["#3b82f6", "#f97316", "#10b981", "#ef4444", "#a855f7", "#eab308", "#14b8a6", "#ec4899"]},
}
_TIME = {"field": "hour", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": {"tickCount": 5}}


def bars(counts: Iterable[TypeCount], label: str) -> str:
    """Events by hour, one colour for each type."""
    values = [{"hour": each.hour, "series": visible(each.type), "value": each.events} for each in counts]
    mark = {"type": "bar", "width": {"band": 0.9}}
    time = {**_TIME, "timeUnit": "utcyearmonthdatehours", "bandPosition": 0.5}
    return _drawn(values, label, mark, {"x": time, "y": _amount(label, stack=True)})


def lines(series: Mapping[str, Sequence[Point]], label: str) -> str:
    """One line for each series, with a point for each hour."""
    values = [
        {"hour": point.hour, "series": visible(name), "value": point.value}
        for name, points in series.items()
        for point in points
    ]
    return _drawn(values, label, {"type": "line", "point": {"size": 40}}, {"x": _TIME, "y": _amount(label)})


def _amount(title: str, **more: Any) -> dict[str, Any]:
    return {"field": "value", "type": "quantitative", "title": title, "axis": {"tickCount": 5}, **more}


def _drawn(values: list[dict[str, Any]], label: str, mark: dict[str, Any], axes: dict[str, Any]) -> str:
    try:
        import vl_convert
    except ImportError as error:
        raise FailedError("the page needs vl-convert-python: pip install 'event-fork-pipelines[report]'") from error
    described = [{**each, "said": f"{each['series']}, {each['hour']}: {each['value']:,.0f}"} for each in values]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": HEIGHT,
        "config": _CONFIG,
        "data": {"values": described},
        "mark": mark,
        "encoding": {
            **axes,
            "color": {"field": "series", "type": "nominal", "title": None},
            "description": {"field": "said"},
        },
    }
    return _with_titles(vl_convert.vegalite_to_svg(spec), label)


def _with_titles(svg: str, label: str) -> str:
    """Titles for the pointer out of what Vega writes for screen readers; without namespaces, as HTML wants it."""
    root = ElementTree.fromstring(svg)  # noqa: S314 -- Vega's own output
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        is_mark = element.get("role") == "graphics-symbol" and element.get("aria-roledescription") != "axis"
        if is_mark and (said := element.get("aria-label")):
            title = ElementTree.Element("title")
            title.text = said
            element.insert(0, title)
    # By the page's width, and of no address: xmlns is for files only.
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
