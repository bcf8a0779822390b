"""From the policy's JSON object to its alternatives.

A policy is an AND of keys, each an OR of entries; `$or` makes alternatives of keys. Multiplied out, a policy is a list
of alternatives, and an event matches when it matches one of them. Keys of nested objects become one path joined by
dots. That is how SNS sees them too: the policy key "a.b" and the nested keys "a" and "b" mean the same (observed in
LocalStack's tests recorded against AWS).

Source of `$or` and of the count of combinations: AWS pages "AND/OR logic" and "Filter policy constraints".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from event_fork.filter_policy.document import repeated_path
from event_fork.filter_policy.errors import InvalidFilterPolicyError, refusal
from event_fork.filter_policy.patterns import OPERATORS, Pattern, parse_pattern

OR: Final = "$or"
MOST_COMBINATIONS: Final = 150

# An object inside $or that has one of these names is not an alternative: the whole $or is then a key like any other.
# SNS's page says "reserved keywords" without listing them; the list is the one of the rule engine AWS published.
_RESERVED: Final = frozenset(OPERATORS) | {
    "exactly", "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after",
    "date-on-or-after", "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range",
    "ip-address-not-in-range",
}  # fmt: skip

_RULE = "every key has an array with at least one entry, or in the MessageBody scope an object with at least one key"
_EXAMPLE = '{"event_type": ["order.placed", "order.paid"]}'


@dataclass(frozen=True, slots=True)
class Field:
    """One path of a policy: its entries (an OR) and how deep its key is nested, 1 for the policy's own keys."""

    path: str
    patterns: tuple[Pattern, ...]
    depth: int

    @property
    def combinations(self) -> int:
        """What the path multiplies the policy's combinations by."""
        return len(self.patterns) * self.depth


Alternative = tuple[Field, ...]


def alternatives_of(policy: Mapping[str, object]) -> list[Alternative]:
    """The policy multiplied out; an empty one has one alternative without fields. Raises InvalidFilterPolicyError."""
    alternatives: list[Alternative] = [()]
    if policy:
        alternatives = _multiply(alternatives, policy, prefix="", depth=1)
    combinations = sum(map(combinations_of, alternatives))
    if combinations > MOST_COMBINATIONS:
        raise too_complex(f"{combinations:,} combinations")
    return alternatives


def too_complex(received: str) -> InvalidFilterPolicyError:
    """The refusal of a policy with too many combinations."""
    rule = (
        f"a policy has at most {MOST_COMBINATIONS} combinations: multiply, over all keys, the number of values by the "
        "key's nesting level; add up the alternatives of $or"
    )
    return refusal(
        "Filter policy is too complex", rule=rule, example='{"a": ["1", "2", "3"], "b": ["1", "2"]}', received=received
    )


def combinations_of(alternative: Alternative) -> int:
    """How many combinations of values an alternative has, as SNS counts them."""
    product = 1
    for field in alternative:
        product *= field.combinations
    return product


def _multiply(
    alternatives: list[Alternative], policy: Mapping[str, object], *, prefix: str, depth: int
) -> list[Alternative]:
    if not policy:
        raise refusal("Empty objects are not allowed", rule=_RULE, example=_EXAMPLE, received=policy)
    if depth > MOST_COMBINATIONS:
        raise too_complex(f"a key nested {depth} levels deep")
    for key, value in policy.items():
        path = f"{prefix}{key}"
        branches = _or_branches(key, value)
        if branches is not None:
            alternatives = [
                longer for branch in branches for longer in _multiply(alternatives, branch, prefix=prefix, depth=depth)
            ]
            # Each alternative is a combination at least, so stop before a nested $or fills the memory.
            if len(alternatives) > MOST_COMBINATIONS:
                raise too_complex(f"more than {MOST_COMBINATIONS} alternatives")
        elif isinstance(value, Mapping):
            alternatives = _multiply(alternatives, value, prefix=f"{path}.", depth=depth + 1)
        elif isinstance(value, list):
            field = Field(path, tuple(_parse_entries(key, value)), depth)
            alternatives = [_with(alternative, field) for alternative in alternatives]
        else:
            reason = f'"{key}" must be an object or an array'
            raise refusal(reason, rule=_RULE, example=_EXAMPLE, received={key: value})
    return alternatives


def _with(alternative: Alternative, field: Field) -> Alternative:
    if any(field.path == other.path for other in alternative):
        raise repeated_path(field.path)
    return (*alternative, field)


def _parse_entries(key: str, entries: list[object]) -> Iterator[Pattern]:
    if not entries:
        raise refusal("Empty arrays are not allowed", rule=_RULE, example=_EXAMPLE, received={key: entries})
    return map(parse_pattern, entries)


def _or_branches(key: str, value: object) -> list[Mapping[str, object]] | None:
    """The alternatives of a `$or` that SNS recognises as one: at least two objects, no reserved name in any."""
    if key != OR or not isinstance(value, list) or len(value) < 2:
        return None
    branches = [branch for branch in value if isinstance(branch, Mapping)]
    if len(branches) < len(value) or any(not _RESERVED.isdisjoint(branch) for branch in branches):
        return None
    return branches
