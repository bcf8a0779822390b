"""Rules for Prefix and ErrorOutputPrefix, refused in AWS's words.

Sources: notes 4.2; the texts are those that badmintoncryer/cdk-preflight recorded from CreateDeliveryStream in
September 2026 (its rules/firehose). In 2020 the frame began with "Ths supplied".
"""

from datetime import UTC, datetime
from typing import NoReturn

from local_firehose.api.errors import InvalidArgumentError
from local_firehose.delivery.expressions import (
    FIREHOSE,
    Expression,
    ExpressionError,
    evaluate,
    expressions,
    partition_keys_used,
)
from local_firehose.delivery.keys import MAX_EVALUATED_PREFIX

_ERROR_TYPE = Expression(FIREHOSE, "error-output-type")


def check_prefixes(prefix: str, error_output_prefix: str, *, dynamic_partitioning: bool) -> None:
    """InvalidArgumentException when the pair breaks a rule."""
    in_prefix = _expressions("Prefix", prefix)
    in_error = _expressions("ErrorOutputPrefix", error_output_prefix)
    if partition_keys_used(error_output_prefix):
        raise InvalidArgumentError("Dynamic Partitioning Namespaces can't be part of an error prefix expression")
    if partition_keys_used(prefix) and not dynamic_partitioning:
        raise InvalidArgumentError(
            "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is "
            "enabled."
        )
    if dynamic_partitioning and not partition_keys_used(prefix):
        raise InvalidArgumentError(
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled"
        )
    if in_prefix and not error_output_prefix:
        _refuse("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
    if _ERROR_TYPE in in_prefix:
        _refuse("Prefix must not contain any occurrence of !{firehose:error-output-type}")
    if in_error and _ERROR_TYPE not in in_error:
        _refuse("ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}")
    if max(least_length(prefix), least_length(error_output_prefix)) > MAX_EVALUATED_PREFIX:
        _refuse(f"Length of evaluated prefix cannot be greater than {MAX_EVALUATED_PREFIX}")


def least_length(prefix: str) -> int:
    """How long a prefix is at least when evaluated: with empty partition keys and no error type."""
    nothing = {key: "" for _, key in partition_keys_used(prefix)}
    return len(evaluate(prefix, datetime.fromtimestamp(0, UTC), from_query=nothing, from_lambda=nothing))


def _expressions(member: str, prefix: str) -> list[Expression]:
    try:
        return expressions(prefix)
    except ExpressionError as error:
        raise _refusal(error.rule(member)) from error


def _refuse(rule: str) -> NoReturn:
    raise _refusal(rule)


def _refusal(rule: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"The supplied prefix(es) do not satisfy the following constraint: {rule}")
