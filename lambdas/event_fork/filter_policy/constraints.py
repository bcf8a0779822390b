"""What SNS asks of a policy as a whole, after every part of it is well formed.

Source: AWS page "Filter policy constraints". The sum over wildcards is told by a lab that ran the operators on AWS and
cites that page; the words of that refusal are ours.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from event_fork.filter_policy.errors import InvalidFilterPolicyError, refusal
from event_fork.filter_policy.structure import Alternative, Field

MOST_KEYS: Final = 5
MOST_WILDCARD_POINTS: Final = 100


def check_keys(policy: Mapping[str, object]) -> None:
    """At most five keys. Nested keys do not count, and a `$or` counts as one."""
    if len(policy) > MOST_KEYS:
        reason = f"Filter policy can not have more than {MOST_KEYS} keys"
        rule = f"a policy has at most {MOST_KEYS} keys at its top level"
        received = f"{len(policy)} keys: {', '.join(policy)}"
        raise refusal(reason, rule=rule, example='{"store": ["a"], "event_type": ["b"]}', received=received)


def check_flat(alternatives: Sequence[Alternative]) -> None:
    """Message attributes have no nested names, so neither has a policy on them."""
    for alternative in alternatives:
        for field in alternative:
            if field.depth > 1:
                raise InvalidFilterPolicyError(
                    "Filter policy scope MessageAttributes does not support nested filter policy",
                    rule="in the scope MessageAttributes every key has an array; objects need the scope MessageBody",
                    example='{"event_type": ["order.placed"]}',
                    received=field.path,
                )


def check_wildcards(alternatives: Sequence[Alternative]) -> None:
    """One wildcard in a pattern costs 1 point, several cost 3 each; a field costs the sum times its patterns."""
    points = wildcard_points(alternatives)
    if points > MOST_WILDCARD_POINTS:
        rule = (
            f"the wildcards of a policy cost at most {MOST_WILDCARD_POINTS} points: a pattern with one * costs 1, with "
            "more 3 for each; a key costs the sum of its patterns times their number"
        )
        reason = "Filter policy wildcards are too complex"
        raise refusal(reason, rule=rule, example='{"path": [{"wildcard": "*.json"}]}', received=f"{points} points")


def wildcard_points(alternatives: Sequence[Alternative]) -> int:
    """What the wildcards of a policy cost: each array of it once, in however many alternatives it is."""
    fields = {id(field): field for alternative in alternatives for field in alternative}
    return sum(map(_wildcard_points, fields.values()))


def _wildcard_points(field: Field) -> int:
    costs = [1 if pattern.wildcards == 1 else 3 * pattern.wildcards for pattern in field.patterns if pattern.wildcards]
    return sum(costs) * len(costs)
