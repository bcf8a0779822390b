import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.errors import NotJsonError
from event_fork.events.json_path import Descendant, Element, EveryChild, JsonPath, Member, parse_path
from event_fork.events.redaction import Redactor, Rule


def remove(*paths: str) -> Redactor:
    return Redactor(tuple(Rule(parse_path(path)) for path in paths))


def mask(*paths: str, by: str = "***") -> Redactor:
    return Redactor(tuple(Rule(parse_path(path), by) for path in paths))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("$.a", '{"a":1,"b":2}', '{"b":2}'),
        ("$.b", '{"a":1,"b":2}', '{"a":1}'),
        ("$.b", '{"a":1,"b":2,"c":3}', '{"a":1,"c":3}'),
        ("$.a", '{"a":1}', "{}"),
        ("$.a", ' {  "a" : 1  , "b" : 2 } ', ' {  "b" : 2 } '),
        ("$.b", '{ "a" : 1 , "b" : 2 }\n', '{ "a" : 1 }\n'),
        ("$.a", '{ "a" : 1 }', "{  }"),
        ("$.a", '{"a":1,"b":2,"a":3,"c":4,"a":5}', '{"b":2,"c":4}'),
        ("$.a", '{"a":1,"a":2}', "{}"),
        ("$.a.b", '{"a":{"b":1,"c":1.10},"b":1e400}', '{"a":{"c":1.10},"b":1e400}'),
        ("$.a", '{"\\u0061":1,"b":2}', '{"b":2}'),
        ("$['a\"b']", '{"a\\"b":1,"b":2}', '{"b":2}'),
        ("$[*]", "[1, 2, 3]", "[]"),
        ("$[0]", "[1, 2, 3]", "[2, 3]"),
        ("$[1]", "[1, 2, 3]", "[1, 3]"),
        ("$[2]", "[1, 2, 3]", "[1, 2]"),
        ("$[3]", "[1, 2, 3]", "[1, 2, 3]"),
        ("$.a[*].n", '{"a":[{"n":1,"m":2},{"m":3,"n":4},5,"n"]}', '{"a":[{"m":2},{"m":3},5,"n"]}'),
        ("$[*].n", '{"x":{"n":1},"y":[2]}', '{"x":{},"y":[2]}'),
        ("$..n", '{"n":0,"a":[{"n":{"n":1}},{"b":{"n":2,"c":3}}]}', '{"a":[{},{"b":{"c":3}}]}'),
        ("$..a.b", '{"a":{"b":1,"a":{"b":2,"c":3}},"b":4}', '{"a":{"a":{"c":3}},"b":4}'),
        ("$..a..b", '{"b":1,"x":{"a":[[{"b":2,"c":3}]]}}', '{"b":1,"x":{"a":[[{"c":3}]]}}'),
        ("$.a", '[{"a":1}]', '[{"a":1}]'),
        ("$.a", '"a"', '"a"'),
        ("$[0]", '{"0":1}', '{"0":1}'),
        ("$['0']", "[1]", "[1]"),
        ("$.a", "1.10", "1.10"),
        ("$.a", "{}", "{}"),
        ("$.a", '{"b":" , \\" } ","a":"}"}', '{"b":" , \\" } "}'),
        ("$.a", '{"b":123456789012345678901234567890.12345678901234567890,"a":1}',
         '{"b":123456789012345678901234567890.12345678901234567890}'),
        ("$.a", '{"b":' + "9" * 5000 + ',"a":1}', '{"b":' + "9" * 5000 + "}"),
    ],
)  # fmt: skip
def test_removal_takes_the_member_and_its_comma_and_nothing_else(path: str, before: str, after: str) -> None:
    assert remove(path)(before) == after


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("$.a", '{"a": 1.10 ,"b":2}', '{"a": "***" ,"b":2}'),
        ("$.a", '{"a":{"b":[1]},"a":null}', '{"a":"***","a":"***"}'),
        ("$.a[*]", '{"a":[1,{"x":2},[3]]}', '{"a":["***","***","***"]}'),
        ("$", ' {"a":1} ', ' "***" '),
        ("$", "1", '"***"'),
        ("$..a", '{"b":[{"a":{"a":1}}]}', '{"b":[{"a":"***"}]}'),
    ],
)
def test_masking_replaces_the_value_by_the_json_string_of_the_mask(path: str, before: str, after: str) -> None:
    assert mask(path)(before) == after


def test_a_mask_with_quotes_and_line_ends_stays_valid_json() -> None:
    assert json.loads(mask("$.a", by='say "x"\n\\')('{"a":1}')) == {"a": 'say "x"\n\\'}


def test_several_rules_work_on_one_message() -> None:
    redactor = Redactor((*remove("$.payment.card", "$..cvc").rules, *mask("$.customer.email").rules))

    assert redactor(
        '{"payment":{"card":"4111","cvc":"1","amount":1.10},"customer":{"email":"a@b"},"n":[{"cvc":2}]}'
    ) == ('{"payment":{"amount":1.10},"customer":{"email":"***"},"n":[{}]}')


def test_removal_wins_over_masking_and_the_first_mask_over_the_second() -> None:
    assert Redactor((*mask("$.a").rules, *remove("$..a").rules))('{"a":1}') == "{}"
    assert Redactor((*mask("$.a", by="1").rules, *mask("$..a", by="2").rules))('{"a":1}') == '{"a":"1"}'


def test_a_rule_on_a_parent_covers_rules_below_it() -> None:
    assert Redactor((*remove("$.a.b").rules, *mask("$.a").rules))('{"a":{"b":1}}') == '{"a":"***"}'


@pytest.mark.parametrize(
    "text", ["", "hello", "{", '{"a":1}}', '{"a":NaN}', "{'a':1}", "[" * 100_000, '{"a":"\n"}', "-Infinity"]
)
def test_a_message_that_is_not_json_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(NotJsonError) as refusal:
        remove("$.a")(text)

    assert "hello" not in str(refusal.value)


def test_a_message_deeper_than_the_walk_can_go_is_refused_not_stored() -> None:
    depth = 900  # deep enough for the walk below this test's own frames, legal for the parser of every Python

    with pytest.raises(NotJsonError, match="deep"):
        remove("$..a")("[" * depth + '{"a":1}' + "]" * depth)


def test_without_rules_every_message_passes_as_it_is() -> None:
    assert Redactor()("not JSON") == "not JSON"


# Property: against a model that works on the parsed tree. Objects are lists of pairs, so that order and doubles count,
# and numbers are their text, so that 1.10 is not 1.1.
names = st.sampled_from(["a", "b", "c", 'q"', "ä", "\\u"])
scalars = (
    st.sampled_from(["1.10", "1e400", "-0.0", "true", "null", "12345678901234567890123"])
    | st.text(max_size=5).map(json.dumps)
    | st.sampled_from(['"]"', '"{\\"a\\":1}"', '","', '"\\\\"'])
)
spaces = st.sampled_from(["", "", " ", "\n\t"])


def escaped(name: str) -> str:
    return "".join(['"', *(f"\\u{ord(char):04x}" for char in name), '"'])


@st.composite
def containers(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    values = draw(st.lists(children, max_size=4))
    is_object = draw(st.booleans())
    parts = []
    for value in values:
        name = draw(names.map(json.dumps) | names.map(escaped)) + draw(spaces) + ":" + draw(spaces) if is_object else ""
        parts.append(draw(spaces) + name + value + draw(spaces))
    inside = ",".join(parts) or draw(spaces)
    return f"{{{inside}}}" if is_object else f"[{inside}]"


documents = st.recursive(scalars, containers, max_leaves=15)
steps = names.map(Member) | names.map(Descendant) | st.just(EveryChild()) | st.integers(0, 3).map(Element)
paths = st.lists(steps, min_size=1, max_size=3).map(tuple)
rules = st.lists(st.builds(Rule, paths, st.none() | st.sampled_from(["***", '"'])), min_size=1, max_size=3)

REMOVED = object()


def tree(text: str) -> Any:
    return json.loads(text, object_pairs_hook=lambda pairs: {"pairs": pairs}, parse_int=bytes_of, parse_float=bytes_of)


def bytes_of(number: str) -> bytes:
    return number.encode()


def matches(path: JsonPath, place: Sequence[str | int]) -> bool:
    """Whether the path selects the value at that place; by definition, with no state kept."""
    if not path:
        return not place
    if not place:
        return False
    first, rest = path[0], path[1:]
    if isinstance(first, Descendant):
        return any(
            place[skipped] == first.name and matches(rest, place[skipped + 1 :]) for skipped in range(len(place))
        )
    if isinstance(first, EveryChild):
        return matches(rest, place[1:])
    wanted = first.name if isinstance(first, Member) else first.index
    return type(wanted) is type(place[0]) and wanted == place[0] and matches(rest, place[1:])


def model(value: Any, redactor: Redactor, place: tuple[str | int, ...] = ()) -> Any:
    hits = [rule for rule in redactor.rules if matches(rule.path, place)]
    if any(rule.mask is None for rule in hits):
        return REMOVED
    if hits:
        return hits[0].mask
    if isinstance(value, dict):
        pairs = [(name, model(child, redactor, (*place, name))) for name, child in value["pairs"]]
        return {"pairs": [(name, child) for name, child in pairs if child is not REMOVED]}
    if isinstance(value, list):
        children = [model(child, redactor, (*place, index)) for index, child in enumerate(value)]
        return [child for child in children if child is not REMOVED]
    return value


@given(documents, rules)
def test_the_result_parses_to_the_document_without_what_the_rules_select(document: str, chosen: list[Rule]) -> None:
    redactor = Redactor(tuple(chosen))

    assert tree(redactor(document)) == model(tree(document), redactor)


@given(documents, rules)
def test_redacting_twice_by_names_changes_nothing_more(document: str, chosen: list[Rule]) -> None:
    by_name = [rule for rule in chosen if not any(isinstance(step, Element) for step in rule.path)]
    redactor = Redactor(tuple(by_name))
    once = redactor(document)

    assert redactor(once) == once


@given(documents, names)
def test_what_stays_is_made_of_the_documents_own_characters_in_their_order(document: str, name: str) -> None:
    rest = iter(document)

    assert all(character in rest for character in Redactor((Rule((Descendant(name),)),))(document))
