"""Policies that are refused: with AWS's reason, the rule, an example that keeps it, and the value received.

Source of a reason: "observed" = SNS answered so (LocalStack's snapshots recorded on AWS in 2024; the CDK issue 16549),
without the position in the text that SNS adds; "ruler" = the words of the rule engine AWS published, whose other words
SNS is seen to use; "ours" = AWS documents the rule, the words are not known.
"""

import json
from typing import Any

import pytest

from event_fork.errors import EventForkError
from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY, InvalidFilterPolicyError, compile_policy

VALUES = [f"value{index}" for index in range(151)]

ENTRIES = [
    # Each row: the array of the key "key", the reason, its source.
    ([], "Empty arrays are not allowed", "observed"),
    ([["value"]], "Match value must be String, number, true, false, or null", "observed"),
    ([{"wrong-operator": True}], "Unrecognized match type wrong-operator", "observed"),
    ([{"suffix": "value", "prefix": "value2"}], "Only one key allowed in match expression", "observed"),
    ([{}], "Match expression name not found", "ruler"),
    ([{"suffix": 100}], "suffix match pattern must be a string", "observed"),
    ([{"suffix": None}], "suffix match pattern must be a string", "observed"),
    ([{"suffix": []}], "suffix match pattern must be a string", "observed"),
    ([{"suffix": ["test", "test2"]}], "suffix match pattern must be a string", "observed"),
    ([{"prefix": False}], "prefix match pattern must be a string", "observed"),
    ([{"prefix": {"equals-ignore-case": "a"}}], "prefix match pattern must be a string", "ruler"),
    ([{"equals-ignore-case": 1}], "equals-ignore-case match pattern must be a string", "ruler"),
    ([{"exists": None}], "exists match pattern must be either true or false.", "observed"),
    ([{"exists": "no"}], "exists match pattern must be either true or false.", "observed"),
    ([{"exists": 1}], "exists match pattern must be either true or false.", "observed"),
    # cidr
    ([{"cidr": ["bad-filter"]}], "prefix match pattern must be a string", "observed"),
    ([{"cidr": "bad-filter"}], "Malformed CIDR, one '/' required", "observed"),
    ([{"cidr": "10.0.0.0/"}], "Malformed CIDR, one '/' required", "ruler"),
    ([{"cidr": "10.0.0.0/8/8"}], "Malformed CIDR, one '/' required", "ruler"),
    ([{"cidr": "bad-filter/64"}], "Nonstandard IP address: bad-filter", "observed"),
    ([{"cidr": "bad-/64filter"}], "Malformed CIDR, mask bits must be an integer", "observed"),
    ([{"cidr": "xx.11.xx/8"}], "Nonstandard IP address: xx.11.xx", "observed"),
    ([{"cidr": "xxxx:db8:1234:1a00::/64"}], "Nonstandard IP address: xxxx:db8:1234:1a00::", "observed"),
    ([{"cidr": "10.0.0.0/-1"}], "Malformed CIDR, mask bits must not be negative", "ruler"),
    ([{"cidr": "10.0.0.1/32"}], "IPv4 mask bits must be < 32", "ruler"),
    ([{"cidr": "2001:db8::/128"}], "IPv6 mask bits must be < 128", "ruler"),
    # numeric
    ([{"numeric": 5}], "Value of numeric must be an array.", "ruler"),
    ([{"numeric": []}], "Invalid member in numeric match: ]", "observed"),
    ([{"numeric": ["operator"]}], "Unrecognized numeric range operator: operator", "observed"),
    ([{"numeric": [1, "<="]}], "Invalid member in numeric match: 1", "observed"),
    ([{"numeric": [None]}], "Invalid member in numeric match: null", "ruler"),
    ([{"numeric": ["=", "000"]}], "Value of equals must be numeric", "observed"),
    ([{"numeric": ["=", True]}], "Value of equals must be numeric", "ruler"),
    ([{"numeric": [">="]}], "Value of >= must be numeric", "observed"),
    ([{"numeric": ["<", 100, ">", 10]}], "Too many elements in numeric expression", "observed"),
    ([{"numeric": [">=", 1, ">", 2]}], "Bad numeric range operator: >", "observed"),
    ([{"numeric": [">", 3, "<", 1]}], "Bottom must be less than top", "observed"),
    ([{"numeric": [">=", 3, "<=", 3]}], "Bottom must be less than top", "ruler"),
    ([{"numeric": [">", 20, "<="]}], "Value of <= must be numeric", "observed"),
    ([{"numeric": [">", 20, 30]}], "Bad value in numeric range: 30", "observed"),
    ([{"numeric": [">", 20, "test"]}], "Bad numeric range operator: test", "observed"),
    ([{"numeric": [">", "20", "<", "30"]}], "Value of > must be numeric", "observed"),
    ([{"numeric": [">", 20, "<", "30"]}], "Value of < must be numeric", "observed"),
    ([{"numeric": [">", 20, "<", 30, "<", 50]}], "Too many terms in numeric range expression", "observed"),
    # anything-but
    ([{"anything-but": {"wrong-operator": None}}], "Unsupported anything-but pattern: wrong-operator", "observed"),
    ([{"anything-but": {"exists": False}}], "Unsupported anything-but pattern: exists", "observed"),
    ([{"anything-but": {"prefix": False}}], "prefix match pattern must be a string", "observed"),
    ([{"anything-but": {"prefix": ["a", "b"]}}], "prefix match pattern must be a string", "ruler"),
    ([{"anything-but": {"equals-ignore-case": "a"}}], "Unsupported anything-but pattern: equals-ignore-case", "ruler"),
    ([{"anything-but": {"prefix": ""}}], "Null prefix/suffix not allowed", "ruler"),
    ([{"anything-but": {"suffix": ""}}], "Null prefix/suffix not allowed", "ruler"),
    ([{"anything-but": {}}], "Anything-But expression name not found", "ruler"),
    ([{"anything-but": {"prefix": "a", "suffix": "b"}}], "Only one key allowed in match expression", "ruler"),
    (
        [{"anything-but": None}],
        "Value of anything-but must be an array or single string/number value.",
        "ruler",
    ),
    (
        [{"anything-but": [True]}],
        "Inside anything but list, start|null|boolean is not supported.",
        "ruler",
    ),
    (
        [{"anything-but": ["a", 1]}],
        "Inside anything but list, either all values are number or string, mixed type is not supported",
        "ruler",
    ),
    (
        [{"anything-but": []}],
        "Inside anything but list, either all values are number or string, mixed type is not supported",
        "ruler",
    ),
    # wildcard
    ([{"wildcard": 1}], "wildcard match pattern must be a string", "ruler"),
    ([{"anything-but": {"wildcard": 1}}], "wildcard match pattern must be a string", "ruler"),
    ([{"wildcard": "a**b"}], "Consecutive wildcard characters at pos 1", "ruler"),
    ([{"wildcard": "a\\b"}], "Invalid escape character at pos 1", "ruler"),
    ([{"wildcard": "ab\\"}], "Invalid escape character at pos 2", "ruler"),
    ([{"wildcard": "*a*b*c*"}], "Wildcard pattern can not have more than 3 wildcards", "ours"),
    # 6 patterns with three wildcards: 6 x 9 points x 6 patterns
    ([{"wildcard": f"*{i}*b*"} for i in range(6)], "Filter policy wildcards are too complex", "ours"),
    # 11 patterns with one: 11 x 1 point x 11 patterns
    ([{"wildcard": f"{i}*"} for i in range(11)], "Filter policy wildcards are too complex", "ours"),
    ([{"anything-but": {"wildcard": f"{i}*"}} for i in range(11)], "Filter policy wildcards are too complex", "ours"),
    (VALUES, "Filter policy is too complex", "observed"),
]

POLICIES = [
    # Each row: the policy, the scope, the reason, its source.
    ({"key": "value"}, MESSAGE_ATTRIBUTES, '"key" must be an object or an array', "observed"),
    ({"key": None}, MESSAGE_BODY, '"key" must be an object or an array', "ruler"),
    # The form is looked at before the scope.
    ({"key": {"suffix": "value"}}, MESSAGE_ATTRIBUTES, '"suffix" must be an object or an array', "observed"),
    ({"key": {"suffix": "v", "prefix": "v"}}, MESSAGE_ATTRIBUTES, '"suffix" must be an object or an array', "observed"),
    ({"key": {"no-operator": "v"}}, MESSAGE_ATTRIBUTES, '"no-operator" must be an object or an array', "observed"),
    ({"key": {}}, MESSAGE_BODY, "Empty objects are not allowed", "ruler"),
    ({"$or": [{}, {}]}, MESSAGE_ATTRIBUTES, "Empty objects are not allowed", "ruler"),
    ({"key1": VALUES[:100], "key2": VALUES[:51]}, MESSAGE_ATTRIBUTES, "Filter policy is too complex", "observed"),
    (
        {f"key{number}": ["value"] for number in range(6)},
        MESSAGE_ATTRIBUTES,
        "Filter policy can not have more than 5 keys",
        "observed",
    ),
    (
        {f"key{i}": {"k": ["v"]} for i in range(6)},
        MESSAGE_BODY,
        "Filter policy can not have more than 5 keys",
        "observed",
    ),
    # 3 x 4 x 2 x 3 x 1 x 3 = 216 combinations
    (
        {"key_a": {"key_b": {"key_c": VALUES[:4]}}, "key_d": {"key_e": VALUES[:3]}, "key_f": VALUES[:3]},
        MESSAGE_BODY,
        "Filter policy is too complex",
        "observed",
    ),
    # (4 * 6) + (4 * 4 * 4) + (4 * 4 * 4) = 152 combinations
    (
        {
            "source": VALUES[:4],
            "$or": [
                {"metricName": VALUES[:6]},
                {"metricType": VALUES[:4], "$or": [{"metricId": [1, 2, 3, 4]}, {"spaceId": [1, 2, 3, 4]}]},
            ],
        },
        MESSAGE_ATTRIBUTES,
        "Filter policy is too complex",
        "observed",
    ),
    # (3 * 4 * 2) + (3 * 4 * 6) + (2 * 4 * 2) + (2 * 4 * 6) = 160 combinations
    (
        {
            "$or": [{"metricName": VALUES[:3]}, {"namespace": VALUES[:2]}],
            "detail": {"scope": VALUES[:2], "$or": [{"source": VALUES[:1]}, {"type": VALUES[:3]}]},
        },
        MESSAGE_BODY,
        "Filter policy is too complex",
        "observed",
    ),
    # $or is a key like any other here, so its objects are match expressions (page "AND/OR logic").
    ({"$or": [{"numeric": 123}, {"prefix": "abc"}]}, MESSAGE_ATTRIBUTES, "Value of numeric must be an array.", "ruler"),
    ({"$or": [{"a": ["x"]}]}, MESSAGE_ATTRIBUTES, "Unrecognized match type a", "ruler"),
    ({"$or": [{"a": ["x"]}, "b"]}, MESSAGE_ATTRIBUTES, "Unrecognized match type a", "ruler"),
    # The same path twice: SNS keeps one of them; we do not guess which.
    (
        {"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]},
        MESSAGE_ATTRIBUTES,
        "Path `a` cannot be allowed multiple times",
        "ruler",
    ),
    ({"a.b": ["x"], "a": {"b": ["y"]}}, MESSAGE_BODY, "Path `a.b` cannot be allowed multiple times", "ruler"),
]


def refused(policy: Any, scope: str = MESSAGE_ATTRIBUTES) -> InvalidFilterPolicyError:
    with pytest.raises(InvalidFilterPolicyError) as caught:
        compile_policy(policy, scope)
    return caught.value


@pytest.mark.parametrize(("entries", "reason", "source"), ENTRIES)
def test_an_array_is_refused_with_the_reason(entries: list[Any], reason: str, source: str) -> None:
    assert refused({"key": entries}).reason == f"FilterPolicy: {reason}"
    assert refused(json.dumps({"a": {"key": entries}}), MESSAGE_BODY).reason == f"FilterPolicy: {reason}"


@pytest.mark.parametrize(("policy", "scope", "reason", "source"), POLICIES)
def test_a_policy_is_refused_with_the_reason(policy: dict[str, Any], scope: str, reason: str, source: str) -> None:
    assert refused(policy, scope).reason == f"FilterPolicy: {reason}"
    assert refused(json.dumps(policy), scope).reason == f"FilterPolicy: {reason}"


def test_a_nested_policy_on_attributes_is_refused() -> None:
    error = refused({"object": {"key": [{"prefix": "auto-"}]}})
    assert str(error).startswith(
        "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy. "
    )
    compile_policy({"object": {"key": [{"prefix": "auto-"}]}}, MESSAGE_BODY)


def test_a_scope_that_does_not_exist_is_refused() -> None:
    error = refused({"key": ["value"]}, "RandomValue")
    assert error.reason == (
        "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes"
    )


@pytest.mark.parametrize("text", ["", "{invalidjson}", '{"key": [NaN]}', '{"key": ["a"]} x', "[" * 100_000])
def test_text_that_is_not_json_is_refused(text: str) -> None:
    assert refused(text).reason.startswith("FilterPolicy: failed to parse JSON. ")


@pytest.mark.parametrize("policy", ["[]", '"text"', "null", "5", ["a"], None, 5])
def test_what_is_no_object_is_refused(policy: object) -> None:
    assert refused(policy).reason == "FilterPolicy: Filter is not an object"


@pytest.mark.parametrize("policy", [{"key": [float("inf")]}, {"key": [{"a"}]}, {"key": [b"a"]}])
def test_a_mapping_that_is_no_json_is_refused(policy: dict[str, Any]) -> None:
    assert refused(policy).reason.startswith("FilterPolicy: failed to parse JSON. ")


def test_a_mapping_that_contains_itself_is_refused() -> None:
    policy: dict[str, Any] = {}
    policy["key"] = policy
    assert refused(policy, MESSAGE_BODY).reason.startswith("FilterPolicy: failed to parse JSON. ")


def test_a_key_written_twice_is_refused() -> None:
    error = refused('{"key": ["a"], "key": ["b"]}')
    assert error.reason == "FilterPolicy: Path `key` cannot be allowed multiple times"


def test_a_policy_over_256_kb_is_refused() -> None:
    room = 256 * 1024 - len('{"k":[""]}')
    compile_policy(f'{{"k":["{"x" * room}"]}}')
    error = refused(f'{{"k":["{"x" * (room + 1)}"]}}')
    assert error.reason == "FilterPolicy: Filter policy is too large"
    assert "262,145 bytes" in str(error)


def test_a_nested_or_is_refused_before_it_fills_the_memory() -> None:
    # 2 to the power of 60 alternatives when multiplied out.
    policy = {f"k{depth}": {"$or": [{"a": ["1"]}, {"b": ["2"]}]} for depth in range(60)}
    assert refused(policy, MESSAGE_BODY).reason == "FilterPolicy: Filter policy is too complex"
    deep: dict[str, Any] = {"k": ["v"]}
    for _ in range(200):
        deep = {"k": deep}
    assert refused(deep, MESSAGE_BODY).reason == "FilterPolicy: Filter policy is too complex"


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        # Observed: (3 * 6) + (3 * 4 * 4) + (3 * 4 * 7) = 150 combinations were accepted.
        (
            {
                "source": VALUES[:3],
                "$or": [
                    {"metricName": VALUES[:6]},
                    {"metricType": VALUES[:4], "$or": [{"metricId": [1, 2, 3, 4]}, {"spaceId": [1, 2, 3, 4, 5, 6, 7]}]},
                ],
            },
            MESSAGE_ATTRIBUTES,
        ),
        ({"key": VALUES[:150]}, MESSAGE_ATTRIBUTES),
        ({f"key{number}": ["value"] for number in range(5)}, MESSAGE_ATTRIBUTES),
        ({f"key{i}": {"a": ["v"]} for i in range(5)}, MESSAGE_BODY),
        (
            {"key": [1_000_000_000, -1_000_000_000, 0.00001, 123456789.12345, 0.1234567, 1e10, 2**70]},
            MESSAGE_ATTRIBUTES,
        ),
        ({"key": [{"wildcard": f"{i}*"} for i in range(10)]}, MESSAGE_ATTRIBUTES),  # 10 x 10 = 100 points
        ({"key": [{"anything-but": "test"}]}, MESSAGE_ATTRIBUTES),
    ],
)
def test_a_policy_at_a_limit_is_accepted(policy: dict[str, Any], scope: str) -> None:
    compile_policy(policy, scope)


def test_the_text_has_the_rule_an_example_and_the_value_received() -> None:
    error = refused({"store": [{"numeric": [">", 3, "<", 1]}]})
    assert isinstance(error, EventForkError)
    assert str(error) == (
        "Invalid parameter: FilterPolicy: Bottom must be less than top. "
        'Rule: numeric takes ["=", n], one bound, or a lower and then an upper bound: > or >= first, < or <= second. '
        'Example: {"price": [{"numeric": [">", 0, "<=", 150]}]}. '
        'Received: {"numeric": [">", 3, "<", 1]}'
    )


def test_a_long_value_is_cut_in_the_text() -> None:
    assert len(str(refused({"key": "x" * 10_000}))) < 1_000


@pytest.mark.parametrize(("entries", "reason", "source"), ENTRIES)
def test_the_example_in_a_refusal_is_a_policy_that_is_accepted(entries: list[Any], reason: str, source: str) -> None:
    compile_policy(refused({"key": entries}).example)


@pytest.mark.parametrize(("policy", "scope", "reason", "source"), POLICIES)
def test_the_example_in_a_refusal_is_accepted_in_the_same_scope(
    policy: dict[str, Any], scope: str, reason: str, source: str
) -> None:
    compile_policy(refused(policy, scope).example, scope)


@pytest.mark.parametrize("entry", ["1e999", '{"numeric": ["<", -1e999]}', '{"anything-but": [1e999]}'])
def test_a_number_that_is_none_is_refused(entry: str) -> None:
    with pytest.raises(InvalidFilterPolicyError, match="Numeric value is out of range"):
        compile_policy(f'{{"key": [{entry}]}}', MESSAGE_ATTRIBUTES)
