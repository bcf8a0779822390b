"""A policy on message attributes (scope MessageAttributes), compiled.

Sources: AWS pages "Filter policy constraints" (types that are compared, Binary is ignored), "String value matching"
(an array matches when one element does), "Key matching" (an event without attributes matches nothing).
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from event_fork.filter_policy.leaf_match import LeafMatch, any_of
from event_fork.filter_policy.structure import Alternative

Attributes = Mapping[str, Any]
AttributesMatch = Callable[[Attributes], bool]

# The match of one attribute; None says that SNS sees no value there, as if the attribute were missing.
_AttributeMatch = Callable[[LeafMatch, object], bool | None]


def compile_for_attributes(alternatives: Sequence[Alternative]) -> AttributesMatch:
    """One function that says whether a message's attributes match one of the alternatives."""
    matches = [_compile(alternative) for alternative in alternatives]
    if len(matches) == 1:
        return matches[0]
    return lambda attributes: any(match(attributes) for match in matches)


def _compile(alternative: Alternative) -> AttributesMatch:
    leaves = [(field.path, any_of(pattern.leaf for pattern in field.patterns)) for field in alternative]
    fields = tuple((name, leaf.text, leaf) for name, leaf in leaves)
    by_type = _BY_TYPE

    def matches(attributes: Attributes) -> bool:
        nothing_found = True
        for name, text, leaf in fields:
            attribute = attributes.get(name)
            found: bool | None = None
            if isinstance(attribute, dict):
                kind, value = attribute.get("Type"), attribute.get("Value")
                if kind == "String":  # By far the most common: one call.
                    found = text(value) if isinstance(value, str) else None
                elif isinstance(kind, str) and kind in by_type:
                    found = by_type[kind](leaf, value)
            if found is None:
                if not leaf.absent:
                    return False
            elif found:
                nothing_found = False
            else:
                return False
        # Only missing values so far: SNS wants one attribute at least, whatever it is.
        return not nothing_found or any(_is_seen(attribute) for attribute in attributes.values())

    return matches


def _number(leaf: LeafMatch, value: object) -> bool | None:
    number = _parse_number(value)
    return None if number is None else leaf.number(number)


def _array(leaf: LeafMatch, value: object) -> bool | None:
    elements = _parse_array(value)
    return any(map(leaf, elements)) if elements else None


_BY_TYPE: Mapping[str, _AttributeMatch] = {
    "Number": _number,
    "String.Array": _array,
    # In an example of the page "Numeric value matching"; SNS's list of attribute types has only the line above.
    "Number.Array": _array,
}


def _is_seen(attribute: object) -> bool:
    if not isinstance(attribute, dict):
        return False
    kind, value = attribute.get("Type"), attribute.get("Value")
    match kind:
        case "String":
            return isinstance(value, str)
        case "Number":
            return _parse_number(value) is not None
        case "String.Array" | "Number.Array":
            return bool(_parse_array(value))
    return False


def _parse_number(value: object) -> float | None:
    if isinstance(value, str):
        if "_" in value:  # Python's separator of digits, no number to SNS
            return None
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf:
        return value
    return None


def _parse_array(value: object) -> list[object]:
    """The elements of an array attribute; a value that is no JSON array has none."""
    if not isinstance(value, str):
        return []
    try:
        elements = json.loads(value)
    except (ValueError, RecursionError):
        return []
    return elements if isinstance(elements, list) else []
