import pytest

from event_fork.events.envelope import StoredEvent
from event_fork.filter_policy import (
    MESSAGE_ATTRIBUTES,
    MESSAGE_BODY,
    Complexity,
    InvalidFilterPolicyError,
    complexity,
    keys_matched,
)
from tests.support.filter_policies import AT_THE_LIMIT, COMBINATIONS, REFUSED, TAKEN, WILDCARD_POINTS, Case


@pytest.mark.parametrize("case", [*TAKEN, *AT_THE_LIMIT], ids=str)
def test_a_policy_of_the_table_that_sns_takes_is_taken(case: Case) -> None:
    assert complexity(*case).keys >= 1


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_policy_of_the_table_that_sns_refuses_is_refused(case: Case) -> None:
    with pytest.raises(InvalidFilterPolicyError):
        complexity(*case)


def test_keys_combinations_and_wildcards_are_counted_as_sns_counts_them() -> None:
    policy = '{"a": {"b": ["x", {"wildcard": "*a*"}]}, "c": [{"wildcard": "d*"}, "e", "f"]}'

    assert complexity(policy, MESSAGE_BODY) == Complexity(keys=2, combinations=2 * 2 * 3, wildcard_points=6 + 1)


def test_combinations_and_wildcards_at_the_limit_are_counted_with_or_and_at_any_level() -> None:
    assert [complexity(*case).combinations for case in COMBINATIONS[150]] == [150] * len(COMBINATIONS[150])
    assert [complexity(*case).wildcard_points for case in WILDCARD_POINTS[100]] == [100] * len(WILDCARD_POINTS[100])


@pytest.mark.parametrize("count", [count for count in COMBINATIONS if count > 150])
def test_a_policy_with_more_combinations_is_refused_with_their_number(count: int) -> None:
    for case in COMBINATIONS[count]:
        with pytest.raises(InvalidFilterPolicyError, match="too complex"):
            complexity(*case)


def test_each_key_says_whether_the_event_matches_it() -> None:
    event = StoredEvent("", "", "{}", "", attributes={"a": {"Type": "String", "Value": "x"}})

    assert keys_matched('{"a": ["x"], "b": ["y"], "$or": [{"a": ["z"]}, {"a": ["x"]}]}', MESSAGE_ATTRIBUTES, event) == {
        "a": True,
        "b": False,
        "$or": True,
    }
