"""What an index holds of a window: the id and the time of every document, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from event_fork.errors import DomainRefusedError
from event_fork.events.time_window import Window
from event_fork.forward.search_document import ID, TIMESTAMP
from event_fork.index_management.search_domain import MISSING
from event_fork_cli.search.calls import Calls

PAGE = 10_000
"""The most that an index gives at once: index.max_result_window."""
_KEPT = "5m"
_PATHS = "filter_path=_scroll_id,_shards.failed,hits.hits.fields"


class Seen(NamedTuple):
    """A document: the id of its event ("": it has none that can be found) and its time."""

    event_id: str
    timestamp: str


def path_of(names: str) -> str:
    """Names of indices, aliases and patterns, separated by commas, as a part of a path."""
    return quote(names, safe=",*")


def seen_in(calls: Calls, names: str, window: Window, part: int = 0, parts: int = 1) -> Iterator[list[Seen]]:
    """The documents of a window, or one part of so many of them. There need not be such an index."""
    fields = _id_fields(calls, names)
    ask: dict[str, Any] = {
        "size": PAGE,
        "sort": ["_doc"],
        "_source": False,
        "query": {"range": {TIMESTAMP: {"gte": window.start_text, "lt": window.end_text}}},
        "docvalue_fields": [*fields, {"field": TIMESTAMP, "format": "strict_date_time"}],
    }
    if parts > 1:
        ask["slice"] = {"id": part, "max": parts}
    options = f"scroll={_KEPT}&ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false"
    answer = calls("POST", f"/{path_of(names)}/_search?{options}&{_PATHS}", ask, accept=[MISSING])
    if answer.status == MISSING:
        return
    scroll = answer.body.get("_scroll_id")
    try:
        while hits := answer.body.get("hits", {}).get("hits", []):
            if answer.body.get("_shards", {}).get("failed"):
                raise DomainRefusedError(f"{calls.name} could not read all of {names}: some shards failed")
            page = [_seen(hit["fields"], fields) for hit in hits]
            yield page
            scroll = answer.body.get("_scroll_id", scroll)
            answer = calls("POST", f"/_search/scroll?{_PATHS}", {"scroll": _KEPT, "scroll_id": scroll})
    finally:
        if scroll:
            calls("DELETE", "/_search/scroll", {"scroll_id": [scroll]}, accept=[MISSING])


def sources_of(calls: Calls, names: str, query: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """Index, id and content of the documents that a query finds, at most so many."""
    options = "ignore_unavailable=true&allow_no_indices=true"
    answer = calls("POST", f"/{path_of(names)}/_search?{options}", {"size": most, "query": query}, accept=[MISSING])
    return [] if answer.status == MISSING else list(answer.body["hits"]["hits"])


def by_id(event_ids: list[str]) -> dict[str, Any]:
    """The query for documents of these events, whichever way they were written."""
    return {
        "bool": {
            "should": [
                {"ids": {"values": event_ids}},
                *({"terms": {field: event_ids}} for field in (f"{ID}.keyword", ID)),
            ]
        }
    }


def _id_fields(calls: Calls, names: str) -> list[str]:
    """The fields that the id can be read from without the document: the module's template, or a user's own type."""
    answer = calls(
        "GET", f"/{path_of(names)}/_field_caps?fields={ID},{ID}.keyword&ignore_unavailable=true", accept=[MISSING]
    )
    known = {} if answer.status == MISSING else answer.body.get("fields", {})
    return [
        name for name in (f"{ID}.keyword", ID) if any(kind.get("aggregatable") for kind in known.get(name, {}).values())
    ]


def _seen(fields: dict[str, list[str]], names: list[str]) -> Seen:
    found = next((fields[name][0] for name in names if name in fields), "")
    return Seen(found, fields[TIMESTAMP][0])
