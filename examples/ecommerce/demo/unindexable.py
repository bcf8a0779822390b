"""Orders that are sound and dear enough for the search index, but that OpenSearch cannot take, whenever they come.

All through the free-form metadata, as happens in real shops: the shop cannot refuse it, the index has rules for names
and sizes (docs.opensearch.org/latest/field-types/mapping-explosion). Nothing is lost: Firehose puts the document
with the index's reason into the bucket of rejected orders, and backup and checkout have the order as any other.
"""

from collections.abc import Mapping
from typing import Any

Metadata = dict[str, Any]

MAX_FIELDS = 1000
"""index.mapping.total_fields.limit of an index that sets none."""
MAX_LONG = 2**63 - 1


def session_dump() -> Metadata:
    """A shop plugin sends the whole browser session along: more names than an index has room for."""
    return {"session": {f"page_view_{number}": f"/products/{number}" for number in range(MAX_FIELDS + 1)}}


def nameless_field() -> Metadata:
    """A tracking script sends a parameter without a name."""
    return {"utm": {"": "newsletter"}}


def long_number() -> Metadata:
    """A click id sent as a number instead of a text: no integer type of the index holds it."""
    return {"clickId": 184467440737095516160}


CASES = (session_dump, nameless_field, long_number)


def is_indexable(order: Mapping[str, Any]) -> bool:
    """Whether the index can take the order, told from the order alone."""
    names, numbers = _names_and_numbers(order)
    return len(names) <= MAX_FIELDS and all(name.strip() for name in names) and all(abs(n) <= MAX_LONG for n in numbers)


def _names_and_numbers(value: Any) -> tuple[list[str], list[int]]:
    """All names of fields at any depth, and all integers."""
    names: list[str] = []
    numbers: list[int] = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as found:
                names += found
                waiting += found.values()
            case list() as found:
                waiting += found
            case int() as found:
                numbers.append(found)
    return names, numbers
