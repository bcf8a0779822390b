"""Numbers in a policy, and the operator numeric.

Sources: AWS pages "Numeric value matching" and "Filter policy constraints", which promise +-10^9 and five decimals.
What SNS does beyond is not public. event-ruler 1.7.0 compares millionths, as moto does, whose authors tried it on AWS;
so no policy is refused for its numbers. The reasons are those that SNS gave when LocalStack's tests were recorded.
"""

import sys
from operator import eq, ge, gt, le, lt
from typing import Final, TypeGuard

from event_fork.filter_policy.errors import InvalidFilterPolicyError, refusal
from event_fork.filter_policy.leaf_match import LeafMatch, in_millionths

_COMPARISONS: Final = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_RULE = 'numeric takes ["=", n], one bound, or a lower and then an upper bound: > or >= first, < or <= second'
_EXAMPLE = '{"price": [{"numeric": [">", 0, "<=", 150]}]}'
_NUMBER_RULE = "a number lies within +-1.8e308"
_NUMBER_EXAMPLE = '{"price": [301.5]}'


def is_number(value: object) -> TypeGuard[float]:
    """JSON numbers only: in Python a bool is an int, in JSON true is not a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def checked_number(value: float) -> float:
    """The number itself, when it is one at all; else the refusal."""
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise refusal("Numeric value is out of range", rule=_NUMBER_RULE, example=_NUMBER_EXAMPLE, received=value)
    return value


def numeric(expression: object) -> LeafMatch:
    """The match for `{"numeric": expression}`. Only numbers match, never a text that looks like one."""

    def refused(reason: str) -> InvalidFilterPolicyError:
        return refusal(reason, rule=_RULE, example=_EXAMPLE, received={"numeric": expression})

    def operand(index: int, operator: str) -> float:
        value = terms[index] if index < len(terms) else None
        if not is_number(value):
            raise refused(f"Value of {'equals' if operator == '=' else operator} must be numeric")
        return checked_number(value)

    if not isinstance(expression, list):
        raise refused("Value of numeric must be an array.")
    terms: list[float] = expression  # what is in it is checked term by term, in AWS's order
    operator = expression[0] if expression else "]"
    if not isinstance(operator, str) or not expression:
        raise refused(f"Invalid member in numeric match: {_as_json(operator)}")
    if operator not in _COMPARISONS:
        raise refused(f"Unrecognized numeric range operator: {operator}")
    bound = operand(1, operator)
    compare = _COMPARISONS[operator]
    lower = in_millionths(bound)
    if len(terms) <= 2:
        return LeafMatch(number=lambda value: compare(in_millionths(value), lower))

    if operator not in (">", ">="):
        raise refused("Too many elements in numeric expression")
    second = expression[2]
    if not isinstance(second, str):
        raise refused(f"Bad value in numeric range: {_as_json(second)}")
    if second not in ("<", "<="):
        raise refused(f"Bad numeric range operator: {second}")
    top = operand(3, second)
    if len(terms) > 4:
        raise refused("Too many terms in numeric range expression")
    if bound >= top:
        raise refused("Bottom must be less than top")
    compare_top, upper = _COMPARISONS[second], in_millionths(top)

    def between(value: float) -> bool:
        compared = in_millionths(value)
        return bool(compare(compared, lower) and compare_top(compared, upper))

    return LeafMatch(number=between)


def _as_json(value: object) -> str:
    names = {None: "null", True: "true", False: "false"}
    return names[value] if value is None or isinstance(value, bool) else str(value)
