"""Arrays in a body: one element is enough, and fields inside objects of an array match in the same element."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_fork.filter_policy import MESSAGE_BODY, compile_policy


def on_body(policy: dict[str, Any], body: object) -> bool:
    return compile_policy(policy, MESSAGE_BODY).matches_message(None, json.dumps(body))


S3_POLICY = {"Records": {"s3": {"object": {"key": [{"prefix": "auto-"}]}}, "eventName": [{"prefix": "ObjectCreated:"}]}}


def record(event_name: str, stored: object) -> dict[str, Any]:
    return {"eventName": event_name, "s3": {"object": stored}}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        # Observed: LocalStack test_filter_policy_on_message_body_array_of_object_attributes.
        ([record("ObjectCreated:Put", {"key": "auto-1.xml"})], True),
        ([record("ObjectRemoved:Delete", {"key": "auto-1.xml"})], False),
        ([record("ObjectCreated:Put", {"key": "home-1.xml"})], False),
        (
            [
                record("ObjectCreated:Put", [[{"key": "auto-1.xml"}]]),
                record("ObjectRemoved:Delete", {"key": "home-1.xml"}),
            ],
            True,
        ),
        # Uncertain: the two conditions hold, but in different records.
        (
            [
                record("ObjectCreated:Put", {"key": "home-1.xml"}),
                record("ObjectRemoved:Delete", {"key": "auto-1.xml"}),
            ],
            False,
        ),
    ],
)
def test_the_conditions_on_an_array_of_objects_hold_in_one_element(records: list[Any], expected: bool) -> None:
    assert on_body(S3_POLICY, {"Records": records}) is expected


def test_independent_arrays_choose_independently() -> None:
    policy = {"a": {"x": [1]}, "b": {"y": [2]}}
    assert on_body(policy, {"a": [{"x": 0}, {"x": 1}], "b": [{"y": 2}, {"y": 0}]})


def test_a_plain_element_binds_no_choice() -> None:
    assert on_body({"tags": ["new"], "lines": {"sku": ["a"]}}, {"tags": ["old", "new"], "lines": [{"sku": "a"}]})
    assert on_body({"a": [1], "a.b": [2]}, {"a": [1, {"b": 2}]})


def test_a_missing_value_is_looked_for_in_the_element_that_matched() -> None:
    policy = {"lines": {"sku": ["a"], "error": [{"exists": False}]}}
    assert on_body(policy, {"lines": [{"sku": "a"}, {"sku": "b", "error": 1}]})
    assert not on_body(policy, {"lines": [{"sku": "a", "error": 1}, {"sku": "b"}]})


def test_a_missing_value_alone_is_looked_for_in_all_elements() -> None:
    policy = {"lines": {"error": [{"exists": False}]}}
    assert on_body(policy, {"lines": [{"sku": "a"}, {"sku": "b"}]})
    assert not on_body(policy, {"lines": [{"sku": "a"}, {"error": 1}]})


def test_what_lies_deep_in_an_element_is_not_missing_when_nothing_was_chosen() -> None:
    policy = {"q": [1], "o": {"p": {"error": [{"exists": False}]}}}
    assert on_body(policy, {"q": 1, "o": [{"p": {"n": 1}}]})
    assert not on_body(policy, {"q": 1, "o": [{"p": {"n": 1}}, {"p": {"error": 1}}]})
    assert not on_body(policy, {"q": 1, "o": [[{"p": [{"n": 1}, {"error": 1}]}]]})


def test_an_element_that_matches_less_can_be_the_one() -> None:
    policy = {"lines": {"sku": ["a"], "note": ["n", {"exists": False}], "error": [{"exists": False}]}}
    assert on_body(policy, {"lines": [{"sku": "a", "note": "n", "error": 1}, {"sku": "a"}]})
    assert not on_body(policy, {"lines": [{"sku": "a", "note": "n", "error": 1}, {"sku": "b"}]})


def test_a_large_array_is_no_way_to_make_it_slow() -> None:
    # 3 independent arrays of 3,000 elements: trying all choices would be 27,000,000,000 steps.
    array = [{"x": index, "y": -index} for index in range(3_000)]
    policy = {key: {"x": [1], "y": [-2]} for key in "abc"}
    assert not on_body(policy, dict.fromkeys("abc", array))


# The reference: every field takes a leaf or, where allowed, none; all leaves taken lie in compatible elements.

Membership = dict[int, int]


def leaves_of(body: Any) -> list[tuple[str, object, Membership]]:
    """All leaves with their path and, for each array above them, the element they lie in (aws/event-ruler's model)."""
    found: list[tuple[str, object, Membership]] = []
    arrays = itertools.count()

    def walk(value: Any, path: str, membership: Membership) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                walk(member, f"{path}.{name}" if path else name, membership)
        elif isinstance(value, list):
            array = next(arrays)
            for index, element in enumerate(value):
                inside = isinstance(element, (dict, list))
                walk(element, path, {**membership, array: index} if inside else membership)
        else:
            found.append((path, value, membership))

    walk(body, "", {})
    return found


def compatible(one: Membership, other: Membership) -> bool:
    return all(other.get(array, index) == index for array, index in one.items())


def reference(policy: dict[str, list[Any]], body: Any) -> bool:
    """`policy`: path -> values, None among them for {"exists": false}. Tries every choice."""
    leaves = leaves_of(body)
    absent = object()
    options = [
        [(leaf, membership) for path, leaf, membership in leaves if path == wanted and leaf in values]
        + ([(absent, {})] if None in values else [])
        for wanted, values in policy.items()
    ]
    for choice in itertools.product(*options):
        taken: Membership = {}
        for _, membership in choice:
            if not compatible(taken, membership):
                break
            taken = {**taken, **membership}
        else:
            missing = [path for (leaf, _), path in zip(choice, policy, strict=True) if leaf is absent]
            if not any(path in missing and compatible(taken, membership) for path, _, membership in leaves):
                return True
    return False


names = st.sampled_from(["a", "b", "c"])
scalars = st.sampled_from(["x", "y"])
bodies = st.dictionaries(
    names,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
    ),
    max_size=3,
)
paths = st.sampled_from(["a", "b", "a.a", "a.b", "a.c", "b.a", "a.a.b", "a.b.c"])
policies = st.dictionaries(
    paths, st.lists(st.sampled_from(["x", "y", None]), min_size=1, max_size=2, unique=True), min_size=1, max_size=4
)


@settings(max_examples=500)
@given(policies, bodies)
def test_the_outcome_is_the_one_of_trying_every_choice(policy: dict[str, list[Any]], body: dict[str, Any]) -> None:
    entries = {
        path: [{"exists": False} if value is None else value for value in values] for path, values in policy.items()
    }
    assert on_body(entries, body) is reference(policy, body)
