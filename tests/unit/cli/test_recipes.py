"""A recipe repairs a document, and one of any other shape is refused with where, rule, example and what was given."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork_cli.rejected import exact_json
from event_fork_cli.rejected.recipes import NotRepairableError, RecipeError, parse_recipe


def repaired(steps: list[Any], document: str) -> str:
    recipe = parse_recipe(json.dumps({"steps": steps}).encode())
    found = recipe.repair(exact_json.read(document.encode()))
    assert found is not None
    return exact_json.write(found.document).decode()


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ({"remove": "$.a"}, '{"a":1,"b":2}', '{"b":2}'),
        ({"remove": "$.none"}, '{"a":1}', '{"a":1}'),
        ({"remove": "$.list[*]"}, '{"list":[1,2,3]}', '{"list":[]}'),
        ({"remove": "$..card"}, '{"x":{"card":1,"y":[{"card":2}]}}', '{"x":{"y":[{}]}}'),
        ({"remove": "$..a..b"}, '{"a":{"a":{"b":1}}}', '{"a":{"a":{}}}'),
        ({"rename": "$..a..b", "to": "c"}, '{"a":{"a":{"b":1}}}', '{"a":{"a":{"c":1}}}'),
        ({"replace": "$..a..b", "pattern": "$", "with": "!"}, '{"a":{"a":{"b":"x"}}}', '{"a":{"a":{"b":"x!"}}}'),
        ({"remove": "$.card*"}, '{"card-a":1,"card-b":2,"c":3}', '{"c":3}'),
        ({"rename": "$.a.b", "to": "c"}, '{"a":{"b":1}}', '{"a":{"c":1}}'),
        ({"rename": "$.a", "to": "a"}, '{"a":1}', '{"a":1}'),
        ({"cast": "$.a", "to": "number"}, '{"a":"12.50"}', '{"a":12.50}'),
        ({"cast": "$.a", "to": "number"}, '{"a":" +7 "}', '{"a":7}'),
        ({"cast": "$.a", "to": "number"}, '{"a":".5"}', '{"a":0.5}'),
        ({"cast": "$.a", "to": "number"}, '{"a":["1","2"]}', '{"a":[1,2]}'),
        ({"cast": "$.a", "to": "number"}, '{"a":true}', '{"a":1}'),
        ({"cast": "$.a", "to": "number"}, '{"a":null}', '{"a":null}'),
        ({"cast": "$.a", "to": "integer"}, '{"a":"3.0"}', '{"a":3}'),
        ({"cast": "$.a", "to": "string"}, '{"a":{"id":7}}', '{"a":"{\\"id\\":7}"}'),
        ({"cast": "$.a", "to": "string"}, '{"a":1.10}', '{"a":"1.10"}'),
        ({"cast": "$.a", "to": "boolean"}, '{"a":"Yes"}', '{"a":true}'),
        ({"cast": "$.a", "to": "boolean"}, '{"a":0}', '{"a":false}'),
        ({"replace": "$.a", "pattern": "^(\\d+) EUR$", "with": "\\1"}, '{"a":"12 EUR"}', '{"a":"12"}'),
        ({"replace": "$.a", "pattern": "x", "with": ""}, '{"a":5}', '{"a":5}'),
        ({"set": "$.a.b.c", "value": {"d": 1}}, "{}", '{"a":{"b":{"c":{"d":1}}}}'),
        ({"set": "$.l[1]", "value": 9}, '{"l":[1,2]}', '{"l":[1,9]}'),
    ],
)
def test_a_step_does_what_it_says(step: dict[str, Any], before: str, after: str) -> None:
    assert repaired([step], before) == after


@pytest.mark.parametrize(
    ("step", "document"),
    [
        ({"cast": "$.a", "to": "number"}, '{"a":"twelve"}'),
        ({"cast": "$.a", "to": "number"}, '{"a":{}}'),
        ({"cast": "$.a", "to": "number"}, '{"a":"1e999"}'),
        ({"cast": "$.a", "to": "number"}, json.dumps({"a": "9" * 5000})),
        ({"cast": "$.a", "to": "number"}, '{"a":"1_000"}'),
        ({"cast": "$.a", "to": "integer"}, '{"a":"1.5"}'),
        ({"cast": "$.a", "to": "integer"}, '{"a":"1e999"}'),
        ({"cast": "$.a", "to": "boolean"}, '{"a":"maybe"}'),
        ({"rename": "$.a", "to": "b"}, '{"a":1,"b":2}'),
        ({"set": "$.a.b", "value": 1}, '{"a":"text"}'),
        ({"set": "$.l[5]", "value": 1}, '{"l":[]}'),
        ({"replace": "$.a", "pattern": "x", "with": "\\7"}, '{"a":"x"}'),
    ],
)
def test_what_cannot_be_done_with_a_document_is_said_without_quoting_it(step: dict[str, Any], document: str) -> None:
    try:
        recipe = parse_recipe(json.dumps({"steps": [step]}).encode())
    except RecipeError:
        assert step.get("with") == "\\7"
        return
    with pytest.raises(NotRepairableError) as caught:
        recipe.repair(exact_json.read(document.encode()))
    assert "twelve" not in str(caught.value)


def test_a_path_into_a_deeply_nested_document_leads_to_each_place_once() -> None:
    """A list of places that repeats them grows with the depth to the power of the steps."""
    depth = 200
    document = '{"a":' * depth + '{"b":1}' + "}" * depth
    assert repaired([{"remove": "$..a..a..a..a..a..b"}], document) == '{"a":' * depth + "{}" + "}" * depth


def test_numbers_that_no_step_touches_keep_their_digits() -> None:
    document = '{"id":12345678901234567890123,"price":1.10,"e":1E+2,"long":0.12345678901234567890,"a":"7"}'

    assert repaired([{"cast": "$.a", "to": "integer"}], document) == document.replace('"7"', "7")


def test_the_original_is_not_changed() -> None:
    document = {"a": {"b": 1}}
    recipe = parse_recipe(b'{"steps":[{"remove":"$.a.b"}]}')

    assert recipe.repair(document).document == {"a": {}}  # type: ignore[union-attr]
    assert document == {"a": {"b": 1}}


def test_the_first_rule_whose_conditions_hold_is_taken() -> None:
    rules = [
        {"when": [{"path": "$.a", "is": "string"}, {"path": "$.b", "exists": False}], "steps": [{"route": "one"}]},
        {"when": [{"path": "$.a", "equals": 1.0}], "steps": [{"route": "two"}]},
        {"when": [{"path": "$..x", "matches": "^a+$"}], "steps": [{"route": "three"}]},
    ]
    recipe = parse_recipe(json.dumps({"rules": rules}).encode())

    def route(document: Any) -> str | None:
        found = recipe.repair(document)
        return found.index if found else None

    assert route({"a": "x"}) == "one"
    assert route({"a": "x", "b": 1}) is None
    assert route({"a": 1.0}) == "two"
    assert route({"deep": [{"x": "aaa"}]}) == "three"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no JSON",
        b"\xff\xfe{",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"steps":{}}',
        b'{"steps":[7]}',
        b'{"steps":[{}]}',
        b'{"steps":[],"rules":[]}',
        b'{"steps":[],"steps":[]}',
        b'{"rules":[]}',
        b'{"rules":[{"when":[]}]}',
        b'{"rules":[{"steps":[],"then":[]}]}',
        b'{"rules":"all"}',
        b'{"steps":[{"remove":"a"}]}',
        b'{"steps":[{"remove":"$"}]}',
        b'{"steps":[{"remove":7}]}',
        b'{"steps":[{"remove":"$.a","cast":"$.b"}]}',
        b'{"steps":[{"rename":"$.a"}]}',
        b'{"steps":[{"rename":"$.a","to":"$.b"}]}',
        b'{"steps":[{"rename":"$.a[0]","to":"b"}]}',
        b'{"steps":[{"rename":"$.a","to":""}]}',
        b'{"steps":[{"cast":"$.a","to":"float"}]}',
        b'{"steps":[{"cast":"$.a","to":["number"]}]}',
        b'{"steps":[{"replace":"$.a","pattern":"(","with":""}]}',
        b'{"steps":[{"replace":"$.a","pattern":7,"with":""}]}',
        b'{"steps":[{"replace":"$.a","pattern":"a","with":7}]}',
        b'{"steps":[{"set":"$..a","value":1}]}',
        b'{"steps":[{"set":"$[*]","value":1}]}',
        b'{"steps":[{"set":"$.a*","value":1}]}',
        b'{"steps":[{"route":"Orders"}]}',
        b'{"steps":[{"route":"-x"}]}',
        b'{"steps":[{"route":"a/b"}]}',
        b'{"steps":[{"route":".."}]}',
        b'{"steps":[{"route":"a"},{"route":"b"}]}',
        b'{"rules":[{"when":[{"path":"$.a"}],"steps":[]}]}',
        b'{"rules":[{"when":[{"path":"$.a","is":"float"}],"steps":[]}]}',
        b'{"rules":[{"when":[{"path":"$.a","is":["string"]}],"steps":[]}]}',
        b'{"rules":[{"when":[{"path":"$.a","exists":"yes"}],"steps":[]}]}',
        b'{"rules":[{"when":[{"path":"$.a","matches":"["}],"steps":[]}]}',
        b'{"rules":[{"when":[{"path":"$.a","is":"string","exists":true}],"steps":[]}]}',
    ],
)
def test_a_recipe_of_any_other_shape_is_refused_in_one_sentence(text: bytes) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_json_that_is_read_and_written_says_the_same(value: Any) -> None:
    text = json.dumps(value)

    assert json.loads(exact_json.write(exact_json.read(text.encode()))) == json.loads(text)


@given(json_values)
def test_whatever_a_recipe_file_holds_is_a_recipe_or_refused(value: Any) -> None:
    for text in (
        json.dumps(value),
        json.dumps({"steps": [value]}),
        json.dumps({"rules": [{"when": [value], "steps": []}]}),
    ):
        with suppress(RecipeError):
            parse_recipe(text.encode())
