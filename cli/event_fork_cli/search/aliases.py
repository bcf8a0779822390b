"""The alias that means a fork's index: which indices are in it, and what of each.

A rebuild puts its index into the alias and takes its window out of the others: by a filter where they hold more. So an
index may have been narrowed by several rebuilds, a rebuilt one too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from event_fork.events.time_window import Window
from event_fork.forward.search_document import TIMESTAMP
from event_fork.index_management.search_domain import MISSING
from event_fork_cli.repairs.forks import Stream
from event_fork_cli.search.calls import Calls
from event_fork_cli.search.contents import path_of

REBUILT = "event_fork_rebuild"
"""The member of an index's `_meta` that says: `event-fork search rebuild` made this."""
Query = dict[str, Any]


def alias_of(stream: Stream, calls: Calls) -> str | None:
    """The alias that the fork's index template names, or that the module gives by default; None: there is none."""
    found = calls("GET", f"/_index_template/event-fork-{stream.name}", accept=[MISSING])
    templates = found.body.get("index_templates", []) if found.status != MISSING else []
    for template in templates:
        for name in template["index_template"].get("template", {}).get("aliases", {}):
            return str(name)
    usual = f"{stream.index_name}-all"
    return usual if calls("GET", f"/_alias/{usual}", accept=[MISSING]).status != MISSING else None


def names_of(stream: Stream, calls: Calls) -> str:
    """What to read so that all is read, and nothing twice."""
    alias = alias_of(stream, calls)
    if alias is not None and limits_of(calls, alias):
        return alias
    return stream.index_pattern


def limits_of(calls: Calls, alias: str) -> dict[str, Query | None]:
    """The indices of an alias, each with the filter by which it is seen; none when there is no such alias."""
    found = calls("GET", f"/_alias/{path_of(alias)}", accept=[MISSING])
    if found.status == MISSING:
        return {}
    return {name: index["aliases"].get(alias, {}).get("filter") for name, index in found.body.items()}


def within(window: Window) -> Query:
    """The query for documents of a window."""
    return {"range": {TIMESTAMP: {"gte": window.start_text, "lt": window.end_text}}}


def narrowed(limit: Query | None, window: Window) -> Query:
    """The filter by which an index is seen without a window, beside what its filter leaves out already."""
    out = within(window)
    if _left_out(limit) is None:
        return {"bool": {"filter": [limit], "must_not": [out]}}
    kept = limit["bool"] if limit else {}
    return {"bool": {**kept, "must_not": [*(one for one in kept.get("must_not", []) if one != out), out]}}


def rebuilt_for(stream: Stream, calls: Calls) -> Callable[[str], str | None]:
    """Time of publishing, in SNS's own shape -> the rebuilt index that shows it; None: Firehose's index does."""
    alias = alias_of(stream, calls)
    limits = limits_of(calls, alias) if alias else {}
    mappings = calls("GET", f"/{path_of(alias)}/_mapping").body if alias and limits else {}
    made = {name: one for name, index in mappings.items() if (one := index["mappings"].get("_meta", {}).get(REBUILT))}

    def index_for(at: str) -> str | None:
        for name, rebuild in made.items():
            hidden = any(low <= at < high for low, high in _left_out(limits.get(name)) or [])
            if rebuild["start"] <= at < rebuild["end"] and not hidden:
                return name
        return None

    return index_for


def _left_out(limit: Query | None) -> list[tuple[str, str]] | None:
    """The windows that a filter of ours leaves out; None: it is somebody else's."""
    if limit is None:
        return []
    try:
        ranges = [one["range"][TIMESTAMP] for one in limit["bool"]["must_not"]]
        return [(one["gte"], one["lt"]) for one in ranges]
    except (KeyError, TypeError):
        return None
