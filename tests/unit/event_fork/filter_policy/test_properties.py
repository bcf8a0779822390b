"""Promises that hold for every policy and every event, tried on generated ones."""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY, InvalidFilterPolicyError, compile_policy

texts = st.text(alphabet="aAbB*-/.1\u00e9", max_size=6)
some_text = texts.filter(bool)
numbers = st.integers(-20, 20) | st.sampled_from([0.5, 1.5, -0.25])

string_operators = st.one_of(
    texts,
    texts.map(lambda text: {"prefix": text}),
    texts.map(lambda text: {"suffix": text}),
    texts.map(lambda text: {"equals-ignore-case": text}),
    st.lists(some_text.map(lambda text: text.replace("*", "")), min_size=2, max_size=2).map(
        lambda parts: {"wildcard": "*".join(filter(None, parts)) or "*"}
    ),
    st.sampled_from(["10.0.0.0/8", "192.168.0.0/16"]).map(lambda network: {"cidr": network}),
)
excluded = st.one_of(
    texts,
    st.lists(texts, min_size=1, max_size=3),
    some_text.map(lambda text: {"prefix": text}),
    some_text.map(lambda text: {"suffix": text}),
    st.sampled_from(["a*", "*b", "a*b", "*"]).map(lambda pattern: {"wildcard": pattern}),
)
entries = st.one_of(
    string_operators,
    numbers,
    excluded.map(lambda operand: {"anything-but": operand}),
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), numbers).map(lambda pair: {"numeric": list(pair)}),
    st.booleans().map(lambda value: {"exists": value}),
)
arrays = st.lists(entries, min_size=1, max_size=3)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "a.b", "$or", ""]), inner),
    max_leaves=12,
)


def on_body(policy: dict[str, Any], body: object) -> bool:
    return compile_policy(policy, MESSAGE_BODY).matches_message(None, json.dumps(body))


def on_attributes(policy: dict[str, Any], attributes: dict[str, Any]) -> bool:
    return compile_policy(policy, MESSAGE_ATTRIBUTES).matches_message(attributes, "")


def string(value: str) -> dict[str, str]:
    return {"Type": "String", "Value": value}


def named_by(operand: Any) -> list[Any]:
    """The array that matches just what anything-but excludes."""
    return operand if isinstance(operand, list) else [operand]


@given(excluded, texts)
def test_anything_but_is_the_complement_on_a_single_string(operand: Any, value: str) -> None:
    policy = {"k": [{"anything-but": operand}]}
    assert on_attributes(policy, {"k": string(value)}) is not on_attributes(
        {"k": named_by(operand)}, {"k": string(value)}
    )
    assert on_body(policy, {"k": value}) is not on_body({"k": named_by(operand)}, {"k": value})


@given(arrays, arrays, arrays, st.dictionaries(st.sampled_from("abc"), texts | numbers, min_size=1))
def test_or_is_the_union_of_the_policies_it_stands_for(
    outer: list[Any], left: list[Any], right: list[Any], body: dict[str, Any]
) -> None:
    policy = {"a": outer, "$or": [{"b": left}, {"c": right}]}
    expanded = [{"a": outer, "b": left}, {"a": outer, "c": right}]
    assert on_body(policy, body) is any(on_body(each, body) for each in expanded)
    attributes = {
        name: string(value) if isinstance(value, str) else {"Type": "Number", "Value": str(value)}
        for name, value in body.items()
    }
    assert on_attributes(policy, attributes) is any(on_attributes(each, attributes) for each in expanded)


@given(
    st.dictionaries(st.sampled_from("abc"), arrays, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from("abcd"), some_text, min_size=1),
)
def test_a_flat_body_of_strings_matches_like_attributes(policy: dict[str, Any], values: dict[str, str]) -> None:
    attributes = {name: string(value) for name, value in values.items()}
    assert on_body(policy, values) is on_attributes(policy, attributes)


@given(arrays, arrays, texts)
def test_an_array_of_entries_is_their_or(left: list[Any], right: list[Any], value: str) -> None:
    either = on_body({"k": left}, {"k": value}) or on_body({"k": right}, {"k": value})
    assert on_body({"k": left + right}, {"k": value}) is either


@given(arrays, st.lists(texts | numbers, min_size=1, max_size=4))
def test_an_array_matches_when_one_of_its_elements_does(policy_array: list[Any], elements: list[Any]) -> None:
    policy = {"k": [entry for entry in policy_array if not (isinstance(entry, dict) and "exists" in entry)] or ["x"]}
    assert on_body(policy, {"k": elements}) is any(on_body(policy, {"k": element}) for element in elements)


@given(
    st.sampled_from(
        [
            {"a": ["x", 1, None, True, {"prefix": "a"}]},
            {"a": {"b": [{"anything-but": [1]}]}, "b": [{"exists": False}]},
            {"a": [{"numeric": [">", 0, "<", 9]}, {"cidr": "10.0.0.0/8"}, {"wildcard": "*a*"}]},
            {"$or": [{"a": {"a": [{"suffix": "x"}]}}, {"b": [{"equals-ignore-case": "A"}], "a.b": [{"exists": True}]}]},
        ]
    ),
    json_values,
)
def test_evaluation_never_raises_on_any_json(policy: dict[str, Any], value: Any) -> None:
    by_body = compile_policy(policy, MESSAGE_BODY)
    assert by_body.matches_message(None, json.dumps(value)) in (True, False)
    assert by_body.matches_message(None, str(value)) in (True, False)
    flat = {"a": [{"numeric": [">", 0]}, "x", {"cidr": "10.0.0.0/8"}], "b": [{"exists": False}]}
    by_attributes = compile_policy(flat, MESSAGE_ATTRIBUTES)
    attribute_like = [
        value,
        {"a": value, "b": value},
        *({"a": {"Type": kind, "Value": value}} for kind in ("String", "Number", "String.Array", "Binary", value)),
        {"a": {"Type": "String.Array", "Value": json.dumps(value)}},
    ]
    for attributes in attribute_like:
        if isinstance(attributes, dict):
            assert by_attributes.matches_message(attributes, "") in (True, False)


@given(json_values, st.sampled_from([MESSAGE_ATTRIBUTES, MESSAGE_BODY]))
def test_any_json_is_either_compiled_or_refused(policy: Any, scope: str) -> None:
    try:
        matcher = compile_policy(json.dumps(policy), scope)
    except InvalidFilterPolicyError:
        return
    assert matcher.scope == scope


@given(
    st.dictionaries(st.sampled_from("abc"), arrays, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from("abc"), texts),
)
def test_text_and_mapping_of_a_policy_mean_the_same(policy: dict[str, Any], body: dict[str, str]) -> None:
    message = json.dumps(body)
    by_text = compile_policy(json.dumps(policy), MESSAGE_BODY).matches_message(None, message)
    assert by_text is compile_policy(policy, MESSAGE_BODY).matches_message(None, message)


literals = st.text(alphabet="ab.*\\\n", min_size=1, max_size=3)


@given(st.lists(literals, min_size=1, max_size=2), st.sampled_from(["", "*"]), st.text(alphabet="ab.*\\\n", max_size=9))
def test_a_wildcard_matches_like_the_regular_expression_it_stands_for(parts: list[str], end: str, value: str) -> None:
    escaped = [re.sub(r"([*\\])", r"\\\1", part) for part in parts]
    pattern = end + "*".join(escaped) + end
    any_end = ".*" if end else ""
    expression = any_end + ".*".join(map(re.escape, parts)) + any_end
    expected = re.fullmatch(expression, value, re.DOTALL) is not None
    assert on_attributes({"k": [{"wildcard": pattern}]}, {"k": string(value)}) is expected
