"""One entry of a policy's array: a plain value or a match expression like {"prefix": "order-"}.

Only what AWS documents for Amazon SNS is accepted. The rule engine behind it knows more (lists inside anything-but
prefix, prefix with equals-ignore-case, ...); whether SNS takes those is not documented, so they are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from event_fork.filter_policy.cidr import cidr
from event_fork.filter_policy.errors import refusal
from event_fork.filter_policy.leaf_match import LeafMatch, always, exactly
from event_fork.filter_policy.numeric import checked_number, is_number, numeric
from event_fork.filter_policy.wildcard import parse_wildcard, wildcard_match

_ENTRY_RULE = "an entry of the array is a string, a number, true, false, null or an object with one operator"
_ENTRY_EXAMPLE = '{"event_type": ["order.placed", {"prefix": "refund-"}]}'
_ANYTHING_BUT_RULE = (
    "anything-but takes a string, a number, a list of only strings or only numbers, "
    'or one of {"prefix": ...}, {"suffix": ...}, {"wildcard": ...} with one string'
)
_ANYTHING_BUT_EXAMPLE = '{"sport": [{"anything-but": ["rugby", "tennis"]}]}'


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry. `wildcards` counts the `*` of a wildcard operator: SNS limits their sum in a policy."""

    leaf: LeafMatch
    wildcards: int = 0


def parse_pattern(entry: object) -> Pattern:
    """The pattern of one entry; raises InvalidFilterPolicyError."""
    if entry is None or isinstance(entry, (bool, str)):
        return Pattern(exactly([entry]))
    if isinstance(entry, (int, float)):
        return Pattern(exactly([checked_number(entry)]))
    if not isinstance(entry, Mapping):
        reason = "Match value must be String, number, true, false, or null"
        raise refusal(reason, rule=_ENTRY_RULE, example=_ENTRY_EXAMPLE, received=entry)
    operator, operand = _single_member(entry, "Match expression name not found")
    parse = OPERATORS.get(operator)
    if parse is None:
        reason = f"Unrecognized match type {operator}"
        rule = "the operators of Amazon SNS are " + ", ".join(OPERATORS)
        raise refusal(reason, rule=rule, example=_ENTRY_EXAMPLE, received=entry)
    return parse(operand)


def _single_member(expression: Mapping[str, object], reason_when_empty: str) -> tuple[str, object]:
    if not expression:
        raise refusal(reason_when_empty, rule=_ENTRY_RULE, example=_ENTRY_EXAMPLE, received=expression)
    if len(expression) > 1:
        reason = "Only one key allowed in match expression"
        raise refusal(reason, rule=_ENTRY_RULE, example=_ENTRY_EXAMPLE, received=expression)
    return next(iter(expression.items()))


def _string_operand(operator: str, operand: object) -> str:
    if not isinstance(operand, str):
        rule = f"{operator} takes one string"
        example = f'{{"event_type": [{{"{operator}": "order-"}}]}}'
        received = {operator: operand}
        raise refusal(f"{operator} match pattern must be a string", rule=rule, example=example, received=received)
    return operand


def _prefix(operand: object) -> Pattern:
    prefix = _string_operand("prefix", operand)
    return Pattern(LeafMatch(text=lambda text: text.startswith(prefix)))


def _suffix(operand: object) -> Pattern:
    suffix = _string_operand("suffix", operand)
    return Pattern(LeafMatch(text=lambda text: text.endswith(suffix)))


def _equals_ignore_case(operand: object) -> Pattern:
    wanted = _string_operand("equals-ignore-case", operand).lower()
    return Pattern(LeafMatch(text=lambda text: text.lower() == wanted))


def _wildcard(operand: object) -> Pattern:
    parts = parse_wildcard(operand)
    return Pattern(LeafMatch(text=wildcard_match(parts)), wildcards=len(parts) - 1)


def _exists(operand: object) -> Pattern:
    """Page "Key matching": true needs "a non-null and non-empty value"; false needs the key to be missing."""
    if operand is True:
        return Pattern(LeafMatch(text=bool, number=always, constant=lambda constant: constant is not None))
    if operand is False:
        return Pattern(LeafMatch(absent=True))
    reason = "exists match pattern must be either true or false."
    example = '{"store": [{"exists": true}]}'
    raise refusal(reason, rule="exists takes true or false", example=example, received={"exists": operand})


def _anything_but(operand: object) -> Pattern:
    """Every leaf but those named, numbers and constants included; a missing value does not match."""
    if isinstance(operand, Mapping):
        operator, nested = _single_member(operand, "Anything-But expression name not found")
        parse = _INSIDE_ANYTHING_BUT.get(operator)
        if parse is None:
            raise _anything_but_refusal(f"Unsupported anything-but pattern: {operator}", operand)
        if operator != "wildcard" and nested == "":
            raise _anything_but_refusal("Null prefix/suffix not allowed", operand)
        pattern = parse(nested)
        return Pattern(pattern.leaf.negated(), wildcards=pattern.wildcards)
    if isinstance(operand, list):
        return Pattern(exactly(_strings_or_numbers(operand)).negated())
    if isinstance(operand, str):
        return Pattern(exactly([operand]).negated())
    if is_number(operand):
        return Pattern(exactly([checked_number(operand)]).negated())
    raise _anything_but_refusal("Value of anything-but must be an array or single string/number value.", operand)


def _strings_or_numbers(values: list[object]) -> list[str] | list[float]:
    strings = [value for value in values if isinstance(value, str)]
    numbers = [checked_number(value) for value in values if is_number(value)]
    if len(strings) + len(numbers) < len(values):
        raise _anything_but_refusal("Inside anything but list, start|null|boolean is not supported.", values)
    if bool(strings) == bool(numbers):
        reason = "Inside anything but list, either all values are number or string, mixed type is not supported"
        raise _anything_but_refusal(reason, values)
    return strings or numbers


def _anything_but_refusal(reason: str, operand: object) -> Exception:
    received = {"anything-but": operand}
    return refusal(reason, rule=_ANYTHING_BUT_RULE, example=_ANYTHING_BUT_EXAMPLE, received=received)


_INSIDE_ANYTHING_BUT: Final[Mapping[str, Callable[[object], Pattern]]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}

OPERATORS: Final[Mapping[str, Callable[[object], Pattern]]] = {
    "anything-but": _anything_but,
    "cidr": lambda operand: Pattern(cidr(operand)),
    "equals-ignore-case": _equals_ignore_case,
    "exists": _exists,
    "numeric": lambda operand: Pattern(numeric(operand)),
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
