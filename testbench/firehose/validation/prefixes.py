"""Rules for Prefix and ErrorOutputPrefix. Source: notes 4.2; the frame of the refusal was seen on AWS ("Ths")."""

from datetime import UTC, datetime

from testbench.firehose.api.errors import InvalidArgumentError
from testbench.firehose.delivery.expressions import (
    FIREHOSE,
    Expression,
    ExpressionError,
    evaluate,
    expressions,
    partition_keys_used,
)
from testbench.firehose.delivery.keys import MAX_EVALUATED_PREFIX

_ERROR_TYPE = Expression(FIREHOSE, "error-output-type")


def check_prefixes(prefix: str, error_output_prefix: str, *, dynamic_partitioning: bool) -> None:
    """InvalidArgumentException when the pair breaks a rule."""
    in_prefix = _expressions(prefix)
    in_error = _expressions(error_output_prefix)
    if in_prefix and not error_output_prefix:
        _refuse("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
    if _ERROR_TYPE in in_prefix:
        _refuse("Prefix cannot contain !{firehose:error-output-type}")
    if in_error and _ERROR_TYPE not in in_error:
        _refuse(
            "ErrorOutputPrefix must contain at least one instance of !{firehose:error-output-type} "
            "when it contains expressions"
        )
    if partition_keys_used(error_output_prefix):
        _refuse("ErrorOutputPrefix cannot contain partitionKeyFromQuery or partitionKeyFromLambda")
    if dynamic_partitioning:
        if not partition_keys_used(prefix):
            _refuse("Prefix must contain partition keys when dynamic partitioning is enabled")
        if not error_output_prefix:
            _refuse("ErrorOutputPrefix cannot be null or empty when dynamic partitioning is enabled")
    elif partition_keys_used(prefix):
        _refuse("Prefix cannot contain partition keys when dynamic partitioning is not enabled")
    for name, value in (("Prefix", prefix), ("ErrorOutputPrefix", error_output_prefix)):
        if least_length(value) > MAX_EVALUATED_PREFIX:
            _refuse(f"{name} must not exceed {MAX_EVALUATED_PREFIX} characters after evaluation")


def least_length(prefix: str) -> int:
    """How long a prefix is at least when evaluated: with empty partition keys and no error type."""
    nothing = {key: "" for _, key in partition_keys_used(prefix)}
    return len(evaluate(prefix, datetime.fromtimestamp(0, UTC), from_query=nothing, from_lambda=nothing))


def _expressions(prefix: str) -> list[Expression]:
    try:
        return expressions(prefix)
    except ExpressionError as error:
        _refuse(str(error))
        raise AssertionError("unreachable") from error


def _refuse(rule: str) -> None:
    raise InvalidArgumentError(f"Ths supplied prefix(es) do not satisfy the following constraint: {rule}")
