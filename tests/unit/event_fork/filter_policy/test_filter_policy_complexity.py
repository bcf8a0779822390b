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
from tests.support.filter_policies import REFUSED, TAKEN, Case


@pytest.mark.parametrize("case", TAKEN, ids=str)
def test_a_policy_of_the_table_that_sns_takes_is_taken(case: Case) -> None:
    assert complexity(*case).keys >= 1


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_policy_of_the_table_that_sns_refuses_is_refused(case: Case) -> None:
    with pytest.raises(InvalidFilterPolicyError):
        complexity(*case)


def test_keys_combinations_and_wildcards_are_counted_as_sns_counts_them() -> None:
    policy = '{"a": {"b": ["x", {"wildcard": "*a*"}]}, "c": [{"wildcard": "d*"}, "e", "f"]}'

    assert complexity(policy, MESSAGE_BODY) == Complexity(keys=2, combinations=2 * 2 * 3, wildcard_points=6 + 1)


def test_each_key_says_whether_the_event_matches_it() -> None:
    event = StoredEvent("", "", "{}", "", attributes={"a": {"Type": "String", "Value": "x"}})

    assert keys_matched('{"a": ["x"], "b": ["y"], "$or": [{"a": ["z"]}, {"a": ["x"]}]}', MESSAGE_ATTRIBUTES, event) == {
        "a": True,
        "b": False,
        "$or": True,
    }
