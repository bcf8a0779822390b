"""The words in which API Gateway says why a body breaks its model (bench/testbench/backends/ministack/corrections)."""

import json
from typing import Any

import pytest

from testbench.backends.validation_error_string import validation_error_string


@pytest.mark.parametrize(
    ("schema", "body", "said"),
    [
        ({"required": ["b", "a", "c"]}, {"c": 1}, 'object has missing required properties (["a","b"])'),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "z": 2, "y": 3},
            'object instance has properties which are not allowed by the schema: ["y","z"]',
        ),
        (
            {"type": ["integer", "number"]},
            "x",
            'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
        ),
        (
            {"type": "null"},
            True,
            'instance type (boolean) does not match any allowed primitive type (allowed: ["null"])',
        ),
        ({"enum": ["a", "b"]}, "c", 'instance value ("c") not found in enum (possible values: ["a","b"])'),
        ({"minimum": 5}, 4, "numeric instance is lower than the required minimum (minimum: 5, found: 4)"),
        ({"maximum": 5}, 6, "numeric instance is greater than the required maximum (maximum: 5, found: 6)"),
        ({"minLength": 2}, "a", 'string "a" is too short (length: 1, required minimum: 2)'),
        ({"maxLength": 1}, "ab", 'string "ab" is too long (length: 2, maximum allowed: 1)'),
        ({"pattern": "^a$"}, "b", 'ECMA 262 regex "^a$" does not match input string "b"'),
        ({"minItems": 1}, [], "array is too short: must have at least 1 elements but instance has 0 elements"),
        ({"maxItems": 0}, [1], "array is too long: must have at most 0 elements but instance has 1 elements"),
    ],
)
def test_each_violation_is_said_in_the_words_of_aws(schema: dict[str, Any], body: Any, said: str) -> None:
    assert validation_error_string(schema, json.dumps(body)) == f"[{said}]"


def test_violations_of_several_parts_stand_in_one_list() -> None:
    schema = {"required": ["a"], "properties": {"b": {"required": ["c", "d"]}}}
    said = validation_error_string(schema, '{"b": {}}')
    assert said.startswith("[")
    assert '(["a"])' in said
    assert said.count('(["c","d"])') == 1, "one object's missing properties are one violation"


def test_a_body_that_is_not_json_is_said_to_be_none() -> None:
    assert validation_error_string({}, b"{") == "[body is not JSON]"


def test_a_body_that_is_nested_too_deeply_to_be_read_gets_an_answer_too() -> None:
    assert validation_error_string({}, "[" * 100_000) == "[body is not JSON]"


def test_a_model_that_refers_to_another_model_still_gets_an_answer() -> None:
    schema = {"properties": {"a": {"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Other"}}}
    assert validation_error_string(schema, '{"a": 1}') == "[body does not match the model]"
