"""Prefix expressions: ``!{timestamp:...}``, ``!{firehose:...}``, ``!{partitionKeyFromQuery:...}``, ``...FromLambda``.

Source: Firehose developer guide, "Custom prefixes for Amazon S3 objects"; notes "4.2 Expressions".
"""

import functools
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from local_firehose.delivery.java_time import PatternError, check_pattern, format_instant

TIMESTAMP = "timestamp"
FIREHOSE = "firehose"
FROM_QUERY = "partitionKeyFromQuery"
FROM_LAMBDA = "partitionKeyFromLambda"
_NAMESPACES = (TIMESTAMP, FIREHOSE, FROM_QUERY, FROM_LAMBDA)
_EXPRESSION = re.compile(r"!\{([^{}:]*):([^{}]*)\}")
_RANDOM_ALPHABET = string.ascii_lowercase + string.digits
RANDOM_LENGTH = 11


class ExpressionError(ValueError):
    """A prefix that Firehose would not take; the message is the rule broken, in AWS's words (seen in 2026)."""

    def __init__(self, rule: str, *, names_member: bool = False) -> None:
        super().__init__(rule)
        self._rule = rule
        self._names_member = names_member

    def rule(self, member: str) -> str:
        """The rule for ``Prefix`` or ``ErrorOutputPrefix``."""
        return f"{self._rule} in {member}" if self._names_member else self._rule


def _bad_value() -> ExpressionError:
    return ExpressionError("Invalid conversion character used in the value of the expression", names_member=True)


@dataclass(frozen=True, slots=True)
class Expression:
    namespace: str
    value: str


Parts = tuple[str | Expression, ...]


@functools.lru_cache(maxsize=512)
def parse(prefix: str) -> Parts:
    """Literals and expressions of a prefix in order; ExpressionError when one is malformed."""
    parts: list[str | Expression] = []
    position = 0
    for match in _EXPRESSION.finditer(prefix):
        parts.append(prefix[position : match.start()])
        parts.append(_expression(match.group(1), match.group(2)))
        position = match.end()
    parts.append(prefix[position:])
    if any(isinstance(part, str) and "!{" in part for part in parts):
        raise ExpressionError(f"Invalid expression usage: {prefix}.Must be of the form !{{<namespace>:<value>}}")
    return tuple(part for part in parts if part != "")


def _expression(namespace: str, value: str) -> Expression:
    if namespace not in _NAMESPACES:
        raise ExpressionError(f"Namespace to the left of colon ({namespace}) is an invalid keyword!")
    if not value or (namespace == FIREHOSE and value not in ("random-string", "error-output-type")):
        raise _bad_value()
    if namespace == TIMESTAMP:
        try:
            check_pattern(value)
        except PatternError as error:
            raise _bad_value() from error
    return Expression(namespace, value)


def expressions(prefix: str) -> list[Expression]:
    """The expressions of a prefix, in order."""
    return [part for part in parse(prefix) if isinstance(part, Expression)]


def has_timestamp(prefix: str) -> bool:
    """Whether the prefix says itself where the time goes."""
    return any(expression.namespace == TIMESTAMP for expression in expressions(prefix))


def partition_keys_used(prefix: str) -> set[tuple[str, str]]:
    """(namespace, key) of every partition key expression."""
    return {(e.namespace, e.value) for e in expressions(prefix) if e.namespace in (FROM_QUERY, FROM_LAMBDA)}


def random_string() -> str:
    """Eleven characters, fresh for every occurrence."""
    return "".join(secrets.choice(_RANDOM_ALPHABET) for _ in range(RANDOM_LENGTH))


def evaluate(
    prefix: str,
    instant: datetime,
    *,
    error_type: str = "",
    from_query: Mapping[str, str] | None = None,
    from_lambda: Mapping[str, str] | None = None,
    random: Callable[[], str] = random_string,
) -> str:
    """The prefix with every expression replaced; all timestamps of one prefix are the same instant."""

    def text(part: str | Expression) -> str:
        if isinstance(part, str):
            return part
        if part.namespace == TIMESTAMP:
            return format_instant(part.value, instant)
        if part.namespace == FROM_QUERY:
            return (from_query or {})[part.value]
        if part.namespace == FROM_LAMBDA:
            return (from_lambda or {})[part.value]
        return error_type if part.value == "error-output-type" else random()

    return "".join(text(part) for part in parse(prefix))
