"""Every operator against a table of values; each row says where it comes from and how sure that is.

Confidence: "documented" = an AWS page says so (its name is the source). "observed" = a test recorded against AWS and
published by others says so (LocalStack's snapshots, moto, the lab "aws-hands-on-lab"). "uncertain" = neither; the row
is what the rule engine AWS published (aws/event-ruler) does, or the more careful of two readings.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from event_fork.events.envelope import StoredEvent
from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY, compile_policy

STRINGS = "String value matching"
NUMBERS = "Numeric value matching"
KEYS = "Key matching"
LOGIC = "AND/OR logic"
CONSTRAINTS = "Filter policy constraints"
LOCALSTACK = "LocalStack test_sns_filter_policy.snapshot.json"
LAB = "aws-hands-on-lab, SNS message filtering operators"
RULER = "aws/event-ruler README"


@dataclass(frozen=True)
class Row:
    entries: list[Any]
    matching: list[Any]
    other: list[Any]
    source: str
    confidence: Literal["documented", "observed", "uncertain"]


# What the value of one key does under both scopes. Values: text -> String, number -> Number, list -> String.Array.
BOTH_SCOPES = [
    # exact
    Row(
        ["rugby", "tennis"], ["rugby", "tennis", ["rugby", "tennis"]], ["baseball", ["baseball"]], STRINGS, "documented"
    ),
    Row(["rugby"], [["x", "rugby"]], ["Rugby", "rugby ", ["x"]], CONSTRAINTS, "documented"),
    Row(["100"], ["100"], [100], STRINGS, "uncertain"),
    Row([100], [100, 100.0, [1, 100]], ["100", 101, [1]], NUMBERS, "uncertain"),
    Row([301.5], [301.5, 3.015e2], [301.51, -301.5], NUMBERS, "documented"),
    Row(["a", 1, {"prefix": "b"}], ["a", 1, "bc"], ["c", 2], LOGIC, "documented"),
    # anything-but
    Row([{"anything-but": ["rugby", "tennis"]}], ["baseball", "football"], ["rugby", "tennis"], STRINGS, "documented"),
    # The page's sentence says "none of the array elements", its examples say "a value that isn't": the examples win.
    Row([{"anything-but": ["rugby", "tennis"]}], [["rugby", "baseball"]], [["rugby"]], STRINGS, "documented"),
    Row([{"anything-but": "rugby"}], ["tennis"], ["rugby"], LOCALSTACK, "observed"),
    Row([{"anything-but": [100, 500]}], [101, 100.1, [100, 50]], [100, 500], NUMBERS, "documented"),
    Row([{"anything-but": 100}], [99], [100, 100.0], RULER, "uncertain"),
    Row([{"anything-but": [100]}], ["100", "abc"], [100], RULER, "uncertain"),
    Row([{"anything-but": ["a"]}], [5, "A"], ["a"], RULER, "uncertain"),
    Row(
        [{"anything-but": {"prefix": "order-"}}],
        ["data-entry", "order_number"],
        ["order-cancelled"],
        STRINGS,
        "documented",
    ),
    Row([{"anything-but": {"prefix": "debug-"}}], ["info-login"], ["debug-trace"], LAB, "observed"),
    Row(
        [{"anything-but": {"suffix": "ball"}}],
        [["hockey", "rugby"]],
        [["baseball", "basketball"]],
        STRINGS,
        "documented",
    ),
    Row(
        [{"anything-but": {"wildcard": "*ball"}}],
        [["hockey", "rugby"]],
        [["baseball", "basketball"]],
        STRINGS,
        "documented",
    ),
    Row([{"anything-but": {"wildcard": "test-*"}}], ["prod-us"], ["test-staging"], LAB, "observed"),
    Row([{"anything-but": {"prefix": "1"}}], [1], ["1"], RULER, "uncertain"),
    # Two exclusions in one array are an OR, so together they exclude nothing.
    Row([{"anything-but": "a"}, {"anything-but": "b"}], ["a", "b", "c"], [], LOGIC, "documented"),
    # prefix, suffix, equals-ignore-case
    Row(
        [{"prefix": "bas"}], ["baseball", "basketball", ["x", "bass"]], ["rugby", "Baseball", 5], STRINGS, "documented"
    ),
    Row([{"suffix": "ball"}], ["baseball", "ball"], ["rugby", "balls", 5], STRINGS, "documented"),
    Row([{"equals-ignore-case": "tennis"}], ["TENNIS", "teNnis"], ["tenni", 5], STRINGS, "documented"),
    Row([{"equals-ignore-case": "\u00c9T\u00c9"}], ["\u00e9t\u00e9"], ["ete"], STRINGS, "uncertain"),
    # wildcard
    Row([{"wildcard": "*ball"}], [["baseball", "x"], "ball"], ["balls", "rugby"], STRINGS, "documented"),
    Row([{"wildcard": "*-error"}], ["system-error"], ["system-warning"], LAB, "observed"),
    Row([{"wildcard": "log-*-2025.txt"}], ["log-app-2025.txt", "log--2025.txt"], ["log-2025.txt"], LAB, "observed"),
    Row(
        [{"wildcard": "*/src/*.js"}],
        ["app/src/index.js", "/src/.js"],
        ["app/src/index.ts", "src/a.js"],
        LAB,
        "observed",
    ),
    Row([{"wildcard": "*"}], ["anything", "-"], [5], LAB, "observed"),
    Row(["prod", {"wildcard": "staging-*"}], ["prod", "staging-us"], ["production"], LAB, "observed"),
    Row([{"wildcard": "a*a"}], ["aa", "aba"], ["a"], RULER, "uncertain"),
    Row([{"wildcard": "a*b*c*d"}], ["abcd", "a-b-c-d", "abbccd"], ["acbd", "abcde"], RULER, "uncertain"),
    Row([{"wildcard": r"a\*b"}], ["a*b"], ["axb", r"a\*b"], RULER, "uncertain"),
    Row([{"wildcard": r"a\\*"}], ["a\\", r"a\b"], ["ab"], RULER, "uncertain"),
    Row([{"wildcard": "plain"}], ["plain"], ["plainer"], RULER, "uncertain"),
    # numeric
    Row([{"numeric": ["=", 301.5]}], [301.5, 3.015e2], [301, "301.5"], NUMBERS, "documented"),
    Row([100], [100.0000001, 99.9999999], [100.000001, 99.999999], "event-ruler 1.7.0, moto", "uncertain"),
    Row([{"anything-but": [100]}], [100.000001], [100.0000001], "event-ruler 1.7.0", "uncertain"),
    Row([{"numeric": ["<", 100]}], [99.999999], [99.9999999], "event-ruler 1.7.0", "uncertain"),
    Row([{"numeric": [">", 0.1234567, "<", 0.2]}], [0.124], [0.1234569], "event-ruler 1.7.0", "uncertain"),
    Row([{"numeric": ["<", 0]}], [-1, -0.00001], [0, 1, "-1"], NUMBERS, "documented"),
    Row([{"numeric": [">", 0, "<=", 150]}], [0.5, 150, [200, 99]], [0, 150.1, -1, "5"], NUMBERS, "documented"),
    Row([{"numeric": [">", 0, "<=", 100]}], [99], [111], LOCALSTACK, "observed"),
    Row([{"numeric": [">=", 1, "<", 2]}], [1, 1.99999], [2, 0.99999], NUMBERS, "documented"),
    Row([{"numeric": ["<=", 5]}], [5, -7], [5.00001], NUMBERS, "documented"),
    # Events beyond the range a policy may have: compared like any other number.
    Row([{"numeric": [">", 5]}], [1_700_000_000_000, 1e300], [-1e300], RULER, "uncertain"),
    # Beyond five decimals the page promises nothing; we compare what JSON says.
    Row([{"numeric": ["=", 0.1]}], [0.1], [0.100001], NUMBERS, "uncertain"),
    # cidr
    Row(
        [{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.1.1.0", "10.0.0.256", "x", 5], STRINGS, "documented"
    ),
    Row(
        [{"cidr": "2001:db8:1234:1a00::/64"}],
        ["2001:0db8:1234:1a00:0000:0000:0000:0000"],
        ["2001:0db8:123f:1a01::", "10.0.0.1"],
        LOCALSTACK,
        "observed",
    ),
    Row([{"cidr": "10.0.0.77/24"}], ["10.0.0.1"], ["10.0.1.1", "::ffff:10.0.0.1", "10.0.0.1%eth0"], RULER, "uncertain"),
    # exists
    Row([{"exists": True}], ["fans", 0, ["x"]], [], KEYS, "documented"),
    Row([{"exists": True}], [], [[]], KEYS, "documented"),
    Row([{"exists": False}], [], ["fans", 0, ["x"]], KEYS, "documented"),
    Row([{"exists": False}], [[]], [], RULER, "uncertain"),
    # Elements of an array keep their JSON kind.
    Row([True], [[True], [1, True]], [[1], ["true"]], "SNS message attributes: String.Array", "documented"),
    Row([None], [[None]], [["null"], [False]], "SNS message attributes: String.Array", "documented"),
]

# What only a body can say: null, true, false and objects as values of a key.
BODY_ONLY = [
    Row([True], [True, [False, True]], [1, "true", False, None], CONSTRAINTS, "documented"),
    Row([False], [False], [0, "false", True, None], CONSTRAINTS, "documented"),
    Row([None], [None], ["null", 0, "", {}], CONSTRAINTS, "documented"),
    Row([1], [1], [True], CONSTRAINTS, "documented"),
    Row([""], [""], ["x", None], LOCALSTACK, "observed"),
    Row([{"exists": True}], [False], [None, {"name": "fans"}, {}], KEYS, "documented"),
    Row([{"exists": True}], [], [""], KEYS, "uncertain"),
    Row([{"exists": False}], [{"name": "fans"}, {}], [None, "", False], KEYS, "uncertain"),
    Row([{"anything-but": ["a"]}], [None, True], [], RULER, "uncertain"),
    Row([{"prefix": ""}], ["", "x"], [None, 1], RULER, "uncertain"),
    Row(["a"], [[["a"], ["b"]], [[["a"]]]], [[["b"]], {"a": "a"}, [{"k": "b"}]], LOCALSTACK, "observed"),
]


def attribute(value: object) -> dict[str, str]:
    if isinstance(value, str):
        return {"Type": "String", "Value": value}
    if isinstance(value, list):
        return {"Type": "String.Array", "Value": json.dumps(value)}
    return {"Type": "Number", "Value": json.dumps(value)}


def event(attributes: dict[str, Any] | None = None, message: str = "") -> StoredEvent:
    return StoredEvent(
        message_id="11111111-1111-4111-8111-111111111111",
        topic_arn="arn:aws:sns:eu-west-1:123456789012:topic",
        message=message,
        timestamp="2026-01-02T03:04:05.678Z",
        attributes=attributes,
    )


def on_attributes(policy: dict[str, Any], **attributes: dict[str, str]) -> bool:
    return compile_policy(policy, MESSAGE_ATTRIBUTES).matches(event(attributes))


def on_body(policy: dict[str, Any], body: object) -> bool:
    return compile_policy(policy, MESSAGE_BODY).matches(event(message=json.dumps(body)))


def named(rows: list[Row]) -> list[Any]:
    return [
        pytest.param(row.entries, value, expected, id=f"{row.confidence}-{json.dumps(row.entries)}-{value!r}")
        for row in rows
        for expected, values in ((True, row.matching), (False, row.other))
        for value in values
    ]


@pytest.mark.parametrize(("entries", "value", "expected"), named(BOTH_SCOPES))
def test_an_attribute_matches_as_the_table_says(entries: list[Any], value: object, expected: bool) -> None:
    assert on_attributes({"k": entries}, k=attribute(value), other=attribute("x")) is expected


@pytest.mark.parametrize(("entries", "value", "expected"), named(BOTH_SCOPES + BODY_ONLY))
def test_a_body_matches_as_the_table_says(entries: list[Any], value: object, expected: bool) -> None:
    assert on_body({"k": entries}, {"k": value, "other": "x"}) is expected


@pytest.mark.parametrize(("entries", "value", "expected"), named(BOTH_SCOPES + BODY_ONLY))
def test_a_nested_key_matches_as_the_table_says(entries: list[Any], value: object, expected: bool) -> None:
    assert on_body({"a": {"k": entries}}, {"a": {"k": value}, "other": "x"}) is expected


def test_every_operator_has_rows() -> None:
    from event_fork.filter_policy.patterns import OPERATORS

    used = {operator for row in BOTH_SCOPES for entry in row.entries if isinstance(entry, dict) for operator in entry}
    assert used == set(OPERATORS)


# Attributes: what SNS sees of them.


@pytest.mark.parametrize(
    ("unseen", "source", "confidence"),
    [
        ({"Type": "Binary", "Value": "ZmFucw=="}, CONSTRAINTS, "documented"),
        ({"Type": "String.Array", "Value": "[]"}, KEYS, "documented"),
        ({"Type": "String.Array", "Value": "['not', 'json']"}, LOCALSTACK, "uncertain"),
        ({"Type": "String.Array", "Value": '"fans"'}, CONSTRAINTS, "uncertain"),
        ({"Type": "String.Custom", "Value": "fans"}, CONSTRAINTS, "uncertain"),
        ({"Type": "Number", "Value": "1_000"}, CONSTRAINTS, "uncertain"),
        ({"Type": "Number", "Value": "NaN"}, CONSTRAINTS, "uncertain"),
        ({"Type": "Number", "Value": "many"}, CONSTRAINTS, "uncertain"),
    ],
)
def test_an_attribute_that_sns_does_not_compare_counts_as_missing(
    unseen: dict[str, str], source: str, confidence: str
) -> None:
    assert not on_attributes({"store": [{"exists": True}]}, store=unseen, other=attribute("x"))
    assert not on_attributes({"store": [{"anything-but": "a"}]}, store=unseen, other=attribute("x"))
    assert on_attributes({"store": [{"exists": False}]}, store=unseen, other=attribute("x"))
    assert not on_attributes({"store": [{"exists": False}]}, store=unseen)


def test_a_number_array_is_read_like_a_string_array() -> None:
    # Only in an example of the page "Numeric value matching".
    prices = {"Type": "Number.Array", "Value": "[100, 50]"}
    assert on_attributes({"price": [{"anything-but": [100, 500]}]}, price=prices)
    assert on_attributes({"price": [{"numeric": ["<", 60]}]}, price=prices)
    assert not on_attributes({"price": [{"numeric": [">", 100]}]}, price=prices)


@pytest.mark.parametrize("text", ["301.5", "3.015e2", "+301.5", "0301.50"])
def test_a_number_attribute_is_compared_by_its_value_not_its_spelling(text: str) -> None:
    assert on_attributes({"price": [301.5]}, price={"Type": "Number", "Value": text})


def test_a_message_without_attributes_matches_no_policy_on_attributes() -> None:
    # Page "Key matching": an empty set of attributes results in the filter not matching.
    none: list[dict[str, Any] | None] = [None, {}]
    for nothing in none:
        assert not compile_policy({"store": [{"exists": False}]}).matches(event(nothing))
        assert not compile_policy({"store": ["a"]}).matches(event(nothing))
        # Observed: LocalStack test_filter_policy, null or anything-but on a message without attributes.
        assert not compile_policy({"store": [None, {"anything-but": "whatever"}]}).matches(event(nothing))


def test_a_body_without_members_does_not_have_the_key() -> None:
    assert on_body({"store": [{"exists": False}]}, {})  # uncertain: the page's note speaks of attributes


def test_anything_but_needs_the_key_unless_exists_false_stands_beside_it() -> None:
    # Page "String value matching": anything-but can be combined with "exists": false.
    other = attribute("x")
    assert not on_attributes({"store": [{"anything-but": "a"}]}, other=other)
    both = {"store": [{"anything-but": "a"}, {"exists": False}]}
    assert on_attributes(both, other=other)
    assert on_attributes(both, store=attribute("b"))
    assert not on_attributes(both, store=attribute("a"))
    assert on_body(both, {"other": 1})
    assert on_body(both, {"store": "b"})
    assert not on_body(both, {"store": "a"})


def test_an_empty_policy_matches_everything() -> None:
    for scope in (MESSAGE_ATTRIBUTES, MESSAGE_BODY):
        assert compile_policy({}, scope).matches(event(None, "not json"))
        for policy in ("{}", " { } "):
            assert compile_policy(policy, scope).matches(event(None, "not json"))


# AND and OR.


def test_all_keys_have_to_match() -> None:
    policy = {"customer_interests": ["rugby"], "price_usd": [{"numeric": [">", 100]}]}
    rugby, dear = attribute("rugby"), attribute(101)
    assert on_attributes(policy, customer_interests=rugby, price_usd=dear)
    assert not on_attributes(policy, customer_interests=rugby, price_usd=attribute(100))
    assert not on_attributes(policy, customer_interests=rugby)
    assert not on_attributes(policy, price_usd=dear)
    assert on_body(policy, {"customer_interests": "rugby", "price_usd": 101})
    assert not on_body(policy, {"price_usd": 101})


def test_or_takes_one_of_its_alternatives() -> None:
    # Page "AND/OR logic", standard OR.
    policy = {
        "source": ["aws.cloudwatch"],
        "$or": [{"metricName": ["CPUUtilization"]}, {"namespace": ["AWS/EC2"]}],
    }
    for alternative in ({"metricName": "CPUUtilization"}, {"namespace": "AWS/EC2"}):
        members = {"source": "aws.cloudwatch", **alternative}
        assert on_attributes(policy, **{name: attribute(value) for name, value in members.items()})
        assert on_body(policy, members)
        assert not on_body(policy, alternative)
    assert not on_body(policy, {"source": "aws.cloudwatch", "metricName": "AWS/EC2"})


CLOUDWATCH = {
    "$or": [{"metricName": ["CPUUtilization", "ReadLatency"]}, {"namespace": ["AWS/EC2", "AWS/ES"]}],
    "detail": {
        "scope": ["Service"],
        "$or": [{"source": ["aws.cloudwatch"]}, {"type": ["CloudWatch Alarm State Change"]}],
    },
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Observed: LocalStack test_filter_policy_on_message_body_or_attribute.
        ({"metricName": "CPUUtilization", "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, True),
        ({"namespace": "AWS/ES", "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, True),
        ({"metricName": "ReadLatency", "detail": {"scope": "Service", "type": "CloudWatch Alarm State Change"}}, True),
        ({"metricName": "CPUUtilization", "detail": {"scope": "x", "type": "CloudWatch Alarm State Change"}}, False),
        ({"metricName": "CPUUtilization", "detail": {"scope": "Service", "type": "CPUUtilization"}}, False),
        ({"metricName": "CPUUtilization", "detail": {"type": "CloudWatch Alarm State Change"}}, False),
        ({"metricName": "CPUUtilization", "detail": {"scope": "Service"}}, False),
        ({"metricName": "CPUUtilization", "scope": "Service"}, False),
        ({"namespace": "CPUUtilization", "detail": {"scope": "Service", "source": "aws.cloudwatch"}}, False),
    ],
)
def test_or_inside_an_object_is_about_that_object(body: dict[str, Any], expected: bool) -> None:
    assert on_body(CLOUDWATCH, body) is expected


def test_or_with_one_object_or_as_an_object_is_a_key_like_any_other() -> None:
    # Page "AND/OR logic": when the conditions are not met, $or is treated as a regular attribute name.
    assert on_attributes({"$or": ["a", "b"]}, **{"$or": attribute("a")})
    assert not on_attributes({"$or": ["a", "b"]}, a=attribute("a"))
    assert on_body({"$or": {"metricType": ["M"]}}, {"$or": {"metricType": "M"}})


# Nested bodies.


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Observed: LocalStack test_filter_policy_on_message_body.
        ({"object": {"key": "auto-test"}}, True),
        ({"object": {"key": "hardcodedvalue"}}, True),
        ({"object": {"key": "test-auto"}}, False),
        ({"object": {"key": "auto-test"}, "test": "just-exists"}, False),
        ({"object": {"key": "auto-test", "nested_key": "just-exists"}}, False),
        ({"object": {"test": "auto-test"}}, False),
        ({"test": "auto-test"}, False),
    ],
)
def test_a_nested_policy_follows_the_body(body: dict[str, Any], expected: bool) -> None:
    policy = {
        "object": {"key": [{"prefix": "auto-"}, "hardcodedvalue"], "nested_key": [{"exists": False}]},
        "test": [{"exists": False}],
    }
    assert on_body(policy, body) is expected


@pytest.mark.parametrize(
    "body",
    [
        {"object": {"nested": {"test": "string.value"}}},
        {"object.nested.test": "string.value"},
        {"object.nested": {"test": "string.value"}},
        {"object": {"nested.test": "string.value"}},
    ],
)
@pytest.mark.parametrize(
    "policy", [{"object.nested.test": ["string.value"]}, {"object": {"nested.test": ["string.value"]}}]
)
def test_dots_in_names_and_nesting_are_the_same(policy: dict[str, Any], body: dict[str, Any]) -> None:
    # Observed: LocalStack test_filter_policy_on_message_body_dot_attribute.
    assert on_body(policy, body)


@pytest.mark.parametrize(
    "message",
    [
        "Regular string message",
        '"a string"',
        "[1]",
        "null",
        "",
        "{",
        '{"a": NaN}',
        "{} x",
        "[" * 100_000,
        '{"k":' * 100_000,
    ],
)
def test_a_message_that_is_no_json_object_matches_no_policy_on_the_body(message: str) -> None:
    assert not compile_policy({"k": [{"exists": False}]}, MESSAGE_BODY).matches(event(message=message))


def test_a_missing_parent_is_a_missing_value() -> None:
    policy = {"a": {"b": [{"exists": False}]}}
    assert on_body(policy, {"other": 1})
    assert on_body(policy, {"a": "text"})
    assert on_body(policy, {"a": {"c": 1}})
    assert not on_body(policy, {"a": {"b": 1}})


def test_the_message_is_not_read_when_the_policy_is_about_attributes() -> None:
    assert compile_policy({"k": ["v"]}).matches(event({"k": attribute("v")}, message="{not json"))
