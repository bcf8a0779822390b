"""Against moto's evaluator: an independent reading of the same pages, where both readings are meant to agree.

Where they differ, AWS's pages or what was observed on AWS decide; each difference is listed with its reason, and the
test fails when moto changes its mind, so that the list stays true.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.sns.utils import FilterPolicyMatcher

from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY, compile_policy


def moto(policy: dict[str, Any], scope: str, attributes: dict[str, Any], message: str) -> bool:
    return bool(FilterPolicyMatcher(policy, scope).matches(attributes, message))


def ours(policy: dict[str, Any], scope: str, attributes: dict[str, Any], message: str) -> bool:
    return compile_policy(policy, scope).matches_message(attributes, message)


# Letters only: moto reads a String attribute that looks like JSON as JSON (see the list below).
words = st.text(alphabet="abAB", min_size=1, max_size=4)
integers = st.integers(-50, 50)
keys = st.sampled_from(["k", "l", "m"])

text_entries = st.one_of(
    words,
    words.map(lambda word: {"prefix": word}),
    words.map(lambda word: {"suffix": word}),
    words.map(lambda word: {"equals-ignore-case": word.lower()}),
    st.lists(words, min_size=1, max_size=3).map(lambda values: {"anything-but": values}),
    words.map(lambda word: {"anything-but": {"prefix": word}}),
    st.just({"exists": True}),
)
number_entries = st.one_of(
    integers,
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), integers).map(lambda pair: {"numeric": list(pair)}),
    st.tuples(integers, st.integers(1, 9)).map(lambda pair: {"numeric": [">", pair[0], "<=", pair[0] + pair[1]]}),
    st.lists(integers, min_size=1, max_size=3).map(lambda values: {"anything-but": values}),
)
absence = st.just([{"exists": False}])


def policies(entries: Any) -> Any:
    return st.dictionaries(keys, st.lists(entries, min_size=1, max_size=3) | absence, min_size=1, max_size=3)


@given(policies(text_entries), st.dictionaries(keys, words))
def test_strings_in_attributes_are_read_alike(policy: dict[str, Any], values: dict[str, str]) -> None:
    attributes = {name: {"Type": "String", "Value": value} for name, value in {**values, "other": "x"}.items()}
    assert ours(policy, MESSAGE_ATTRIBUTES, attributes, "") is moto(policy, MESSAGE_ATTRIBUTES, attributes, "")


@given(policies(number_entries), st.dictionaries(keys, integers))
def test_numbers_in_attributes_are_read_alike(policy: dict[str, Any], values: dict[str, int]) -> None:
    attributes = {name: {"Type": "Number", "Value": str(value)} for name, value in {**values, "other": 1}.items()}
    assert ours(policy, MESSAGE_ATTRIBUTES, attributes, "") is moto(policy, MESSAGE_ATTRIBUTES, attributes, "")


@given(policies(words), st.dictionaries(keys, st.lists(words, min_size=1, max_size=3)))
def test_string_arrays_with_exact_values_are_read_alike(policy: dict[str, Any], values: dict[str, list[str]]) -> None:
    attributes = {name: {"Type": "String.Array", "Value": json.dumps(value)} for name, value in values.items()}
    attributes["other"] = {"Type": "String", "Value": "x"}
    assert ours(policy, MESSAGE_ATTRIBUTES, attributes, "") is moto(policy, MESSAGE_ATTRIBUTES, attributes, "")


@pytest.mark.parametrize("kind", ["text", "number"])
@given(data=st.data())
def test_nested_bodies_are_read_alike(kind: str, data: st.DataObject) -> None:
    entries, values = (text_entries, words) if kind == "text" else (number_entries, integers)
    arrays = st.lists(entries, min_size=1, max_size=2)
    policy = {"a": data.draw(st.dictionaries(keys, arrays | absence, min_size=1, max_size=2)), "k": data.draw(arrays)}
    # Not empty: moto stops at an empty object, see the list below.
    nested = data.draw(st.dictionaries(keys, values, min_size=1))
    message = json.dumps({"a": nested, "k": data.draw(values)})
    assert ours(policy, MESSAGE_BODY, {}, message) is moto(policy, MESSAGE_BODY, {}, message)


@dataclass(frozen=True)
class Difference:
    reason: str
    policy: dict[str, Any]
    body: Any = None
    attributes: Any = None
    expected: bool = True

    @property
    def scope(self) -> str:
        return MESSAGE_ATTRIBUTES if self.body is None else MESSAGE_BODY


def text(value: str) -> dict[str, str]:
    return {"Type": "String", "Value": value}


DIFFERENCES = [
    Difference("wildcard is not in moto", {"k": [{"wildcard": "*ball"}]}, {"k": "baseball"}),
    Difference("cidr is not in moto", {"k": [{"cidr": "10.0.0.0/24"}]}, {"k": "10.0.0.1"}),
    Difference("anything-but suffix is not in moto", {"k": [{"anything-but": {"suffix": "b"}}]}, {"k": "a"}),
    Difference("anything-but wildcard is not in moto", {"k": [{"anything-but": {"wildcard": "b*"}}]}, {"k": "a"}),
    Difference("moto lowers the event's text but not the policy's", {"k": [{"equals-ignore-case": "A"}]}, {"k": "a"}),
    Difference("null is not in moto", {"k": [None]}, {"k": None}),
    Difference("moto takes true for the number 1", {"k": [True]}, {"k": 1}, expected=False),
    Difference(
        "AWS: anything-but matches an array that contains another value; moto wants all elements to be other",
        {"k": [{"anything-but": ["rugby"]}]},
        {"k": ["rugby", "baseball"]},
    ),
    Difference(
        "moto looks for the prefix in arrays of attributes not at all",
        {"k": [{"prefix": "a"}]},
        attributes={"k": {"Type": "String.Array", "Value": '["abc"]'}},
    ),
    Difference(
        "AWS: exists false does not match a message without any attribute",
        {"k": [{"exists": False}]},
        attributes={},
        expected=False,
    ),
    Difference(
        "AWS ignores Binary attributes",
        {"k": [{"exists": True}]},
        attributes={"k": {"Type": "Binary", "Value": "eA=="}, "l": text("x")},
        expected=False,
    ),
    Difference(
        "AWS: exists true needs a value that is not null", {"k": [{"exists": True}]}, {"k": None}, expected=False
    ),
    Difference("moto stops at a missing parent", {"a": {"k": [{"exists": False}]}}, {"other": 1}),
    Difference("moto stops at the first entry when the key is missing", {"k": ["x", {"exists": False}]}, {"l": 1}),
    Difference("moto stops at a number when the value is a text", {"k": [1, "a"]}, {"k": "a"}),
    Difference(
        "moto reads a String attribute as JSON and finds the text in it",
        {"k": ["b"]},
        attributes={"k": text('"abc"')},
        expected=False,
    ),
    Difference(
        "moto finds a text in a Number attribute",
        {"k": ["5"]},
        attributes={"k": {"Type": "Number", "Value": "5"}},
        expected=False,
    ),
    Difference(
        "fields in objects of one array match in the same element (uncertain, see body.py)",
        {"r": {"x": ["1"], "y": ["2"]}},
        {"r": [{"x": "1", "y": "-"}, {"x": "-", "y": "2"}]},
        expected=False,
    ),
    Difference("AWS: a dot in a name and nesting are the same", {"a.b": ["v"]}, {"a": {"b": "v"}}),
]

# moto raises here instead of answering.
MOTO_RAISES = [
    Difference("$or on the body", {"$or": [{"k": ["a"]}, {"l": ["b"]}]}, {"k": "a"}),
    Difference("prefix on a number", {"k": [{"prefix": "a"}]}, {"k": 1}, expected=False),
    Difference("numeric on a text", {"k": [{"numeric": [">", 1]}]}, {"k": "5"}, expected=False),
    Difference("numeric on an array", {"k": [{"numeric": [">", 1]}]}, {"k": [5]}),
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.reason)
def test_a_known_difference_is_still_one(difference: Difference) -> None:
    attributes, message = difference.attributes or {}, json.dumps(difference.body)
    assert ours(difference.policy, difference.scope, attributes, message) is difference.expected
    assert moto(difference.policy, difference.scope, attributes, message) is not difference.expected


@pytest.mark.parametrize("difference", MOTO_RAISES, ids=lambda difference: difference.reason)
def test_we_answer_where_moto_raises(difference: Difference) -> None:
    message = json.dumps(difference.body)
    assert ours(difference.policy, difference.scope, {}, message) is difference.expected
    with pytest.raises((AttributeError, TypeError)):
        moto(difference.policy, difference.scope, {}, message)
