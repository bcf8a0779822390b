"""What Amazon SNS refuses of a subscription's filter policy.

Rules: AWS's pages "Filter policy constraints", "Key matching", "String value matching", "Numeric value matching".
https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
Messages: as SNS answered when LocalStack's tests were recorded against it; escapes and CIDR: aws/event-ruler.
"""

import ipaddress
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

SCOPES = ("MessageAttributes", "MessageBody")
MOST_BYTES = 256 * 1024
MOST_KEYS = 5
MOST_COMBINATIONS = 150
MOST_WILDCARDS, MOST_WILDCARD_POINTS = 3, 100
LARGEST_NUMBER = sys.float_info.max
"""AWS promises 10^9 and five decimals, and SNS takes more: docs/filter-policies.md."""

_STRING_OPERATORS = ("prefix", "suffix", "equals-ignore-case")
_OPERATORS = (*_STRING_OPERATORS, "wildcard", "cidr", "numeric", "exists", "anything-but")


class _RefusedError(Exception):
    pass


def problem(policy: str, scope: str = SCOPES[0]) -> str | None:
    """What SNS says of the policy after "Invalid parameter: ", None when it takes it."""
    try:
        _check(policy, scope)
    except _RefusedError as refused:
        reason = str(refused)
        return reason if reason.startswith("Filter policy scope") else f"FilterPolicy: {reason}"
    return None


def _check(text: str, scope: str) -> None:
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        raise _RefusedError("Filter policy is too large")
    try:
        policy = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise _RefusedError(f"failed to parse JSON. {error}") from error
    if not isinstance(policy, dict):
        raise _RefusedError("Filter is not an object")
    if len(policy) > MOST_KEYS:
        raise _RefusedError("Filter policy can not have more than 5 keys")
    wildcards: list[list[int]] = []
    if policy and _combinations(policy, 1, scope == SCOPES[1], wildcards) > MOST_COMBINATIONS:
        raise _RefusedError("Filter policy is too complex")
    points = sum(sum(costs) * len(costs) for costs in wildcards)
    if points > MOST_WILDCARD_POINTS:
        raise _RefusedError("Filter policy wildcards are too complex")


def _combinations(policy: Mapping[str, Any], depth: int, nested: bool, wildcards: list[list[int]]) -> int:
    """How many combinations SNS counts: values times nesting level, multiplied over the keys, added over `$or`."""
    if not policy:
        raise _RefusedError("Empty objects are not allowed")
    if depth > MOST_COMBINATIONS:
        raise _RefusedError("Filter policy is too complex")
    product = 1
    for key, value in policy.items():
        if _is_or(key, value):
            product *= sum(_combinations(branch, depth, nested, wildcards) for branch in value)
        elif isinstance(value, dict):
            if not nested:
                raise _RefusedError("Filter policy scope MessageAttributes does not support nested filter policy")
            product *= _combinations(value, depth + 1, nested, wildcards)
        elif isinstance(value, list):
            if not value:
                raise _RefusedError("Empty arrays are not allowed")
            wildcards.append([cost for entry in value for cost in _wildcard_costs(entry)])
            product *= len(value) * depth
        else:
            raise _RefusedError(f'"{key}" must be an object or an array')
    return product


def _is_or(key: str, value: Any) -> bool:
    """At least two objects, none with the name of an operator; else `$or` is a key like any other."""
    return (
        key == "$or"
        and isinstance(value, list)
        and len(value) > 1
        and all(isinstance(branch, dict) and not set(branch) & set(_OPERATORS) for branch in value)
    )


def _wildcard_costs(entry: Any) -> Iterator[int]:
    """Check an entry of a key's array; what its wildcards cost: 1 for one, 3 for each of several."""
    if isinstance(entry, dict):
        if number := _expression(*_only_member(entry, "Match expression name not found")):
            yield 1 if number == 1 else 3 * number
    elif isinstance(entry, list):
        raise _RefusedError("Match value must be String, number, true, false, or null")
    elif _is_number(entry):
        _number(entry)


def _only_member(expression: Mapping[str, Any], when_empty: str) -> tuple[str, Any]:
    if not expression:
        raise _RefusedError(when_empty)
    if len(expression) > 1:
        raise _RefusedError("Only one key allowed in match expression")
    return next(iter(expression.items()))


def _expression(operator: str, operand: Any) -> int:
    """Check an operator with its operand; the number of wildcards in it."""
    if operator in _STRING_OPERATORS:
        _string(operator, operand)
    elif operator == "wildcard":
        return _wildcards(operand)
    elif operator == "cidr":
        _cidr(operand)
    elif operator == "numeric":
        _numeric(operand)
    elif operator == "exists":
        if not isinstance(operand, bool):
            raise _RefusedError("exists match pattern must be either true or false.")
    elif operator == "anything-but":
        return _anything_but(operand)
    else:
        raise _RefusedError(f"Unrecognized match type {operator}")
    return 0


def _string(operator: str, operand: Any) -> str:
    if not isinstance(operand, str):
        raise _RefusedError(f"{operator} match pattern must be a string")
    return operand


def _wildcards(operand: Any) -> int:
    pattern = _string("wildcard", operand)
    number, position = 0, 0
    while position < len(pattern):
        two = pattern[position : position + 2]
        if two == "**":
            raise _RefusedError(f"Consecutive wildcard characters at pos {position}")
        if two.startswith("\\"):
            if two not in ("\\*", "\\\\"):
                raise _RefusedError(f"Invalid escape character at pos {position}")
            position += 1
        elif two.startswith("*"):
            number += 1
        position += 1
    if number > MOST_WILDCARDS:
        raise _RefusedError("Wildcard pattern can not have more than 3 wildcards")
    return number


def _cidr(operand: Any) -> None:
    address, slash, bits = _string("prefix", operand).partition("/")  # SNS says "prefix" here, too
    if not slash or not bits or "/" in bits:
        raise _RefusedError("Malformed CIDR, one '/' required")
    if not bits.removeprefix("-").isdecimal():
        raise _RefusedError("Malformed CIDR, mask bits must be an integer")
    if bits.startswith("-"):
        raise _RefusedError("Malformed CIDR, mask bits must not be negative")
    try:
        version, longest = (found := ipaddress.ip_address(address)).version, found.max_prefixlen
    except ValueError as error:
        raise _RefusedError(f"Nonstandard IP address: {address}") from error
    if int(bits) >= longest or "%" in address:
        raise _RefusedError(f"IPv{version} mask bits must be < {longest}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any, operator: str = "=") -> float:
    if not _is_number(value):
        raise _RefusedError(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise _RefusedError("Numeric value is out of range")
    return float(value)


def _numeric(terms: Any) -> None:
    if not isinstance(terms, list):
        raise _RefusedError("Value of numeric must be an array.")
    if not terms or not isinstance(terms[0], str):
        raise _RefusedError(f"Invalid member in numeric match: {json.dumps(terms[0]) if terms else ']'}")
    first, bound, *upper = *terms[:1], *(terms[1:2] or [None]), *terms[2:]
    if first not in ("=", "<", "<=", ">", ">="):
        raise _RefusedError(f"Unrecognized numeric range operator: {first}")
    lowest = _number(bound, first)
    if not upper:
        return
    if first not in (">", ">="):
        raise _RefusedError("Too many elements in numeric expression")
    if not isinstance(upper[0], str):
        raise _RefusedError(f"Bad value in numeric range: {json.dumps(upper[0])}")
    if upper[0] not in ("<", "<="):
        raise _RefusedError(f"Bad numeric range operator: {upper[0]}")
    highest = _number(upper[1] if len(upper) > 1 else None, upper[0])
    if len(upper) > 2:
        raise _RefusedError("Too many terms in numeric range expression")
    if lowest >= highest:
        raise _RefusedError("Bottom must be less than top")


def _anything_but(operand: Any) -> int:
    if isinstance(operand, dict):
        operator, value = _only_member(operand, "Anything-But expression name not found")
        if operator not in ("prefix", "suffix", "wildcard"):
            raise _RefusedError(f"Unsupported anything-but pattern: {operator}")
        if value == "" and operator != "wildcard":
            raise _RefusedError("Null prefix/suffix not allowed")
        return _expression(operator, value)
    values = operand if isinstance(operand, list) else [operand]
    if not isinstance(operand, (str, list)) and not _is_number(operand):
        raise _RefusedError("Value of anything-but must be an array or single string/number value.")
    if not all(isinstance(value, str) or _is_number(value) for value in values):
        raise _RefusedError("Inside anything but list, start|null|boolean is not supported.")
    if len({isinstance(value, str) for value in values}) != 1:
        raise _RefusedError(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    for value in values:
        if _is_number(value):
            _number(value)
    return 0


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
