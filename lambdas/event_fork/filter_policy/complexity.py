"""How much of SNS's limits a policy uses, and which of its keys an event does not match."""

from collections.abc import Mapping
from dataclasses import dataclass

from event_fork.filter_policy.constraints import wildcard_points
from event_fork.filter_policy.document import read_policy
from event_fork.filter_policy.matcher import Filterable, compile_policy
from event_fork.filter_policy.structure import alternatives_of, combinations_of


@dataclass(frozen=True, slots=True)
class Complexity:
    """What SNS counts of a policy; its limits: MOST_KEYS, MOST_COMBINATIONS and MOST_WILDCARD_POINTS."""

    keys: int
    combinations: int
    wildcard_points: int


def complexity(policy: Mapping[str, object] | str, scope: str) -> Complexity:
    """The counts of a policy that SNS takes. Raises InvalidFilterPolicyError for every other."""
    compile_policy(policy, scope)
    document = read_policy(policy)
    alternatives = alternatives_of(document)
    return Complexity(len(document), sum(map(combinations_of, alternatives)), wildcard_points(alternatives))


def keys_matched(policy: Mapping[str, object] | str, scope: str, event: Filterable) -> dict[str, bool]:
    """Each key of the policy, and whether the event matches it: an event gets through when it matches all."""
    return {key: compile_policy({key: value}, scope).matches(event) for key, value in read_policy(policy).items()}
