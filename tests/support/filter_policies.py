"""Filter policies that SNS takes and refuses: one table for the functions, the command and Terraform.

Reasons and sources: tests/unit/event_fork/filter_policy.
"""

import json

from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY

Case = tuple[str, str]
"""Policy and scope."""

TAKEN: list[Case] = [
    (policy, MESSAGE_ATTRIBUTES)
    for policy in (
        '{"a": ["x", 1, -1.5e2, true, false, null, ""]}',
        '{"a": [{"prefix": "x"}, {"suffix": "y"}, {"equals-ignore-case": "Z"}]}',
        '{"a": [{"wildcard": "*"}, {"wildcard": "a*b*c*"}, {"wildcard": "\\\\* literal"}]}',
        '{"a": [{"exists": true}], "b": [{"exists": false}]}',
        '{"a": [{"cidr": "10.0.0.0/24"}, {"cidr": "2001:db8::/32"}]}',
        '{"a": [{"numeric": [">", 0]}, {"numeric": ["<=", 1.5]}, {"numeric": [">", 1, "<", 2]}]}',
        '{"a": [{"numeric": [">", 0.00001, "<", 1000000000]}]}',
        '{"a": [10000000000, -1000000001, 1e300, {"anything-but": [-1.0E+10]}], "b": ["1e309"]}',
        '{"a": [{"numeric": [">", 0, "<=", 1000000000.00001]}]}',
        '{"a": [0.1234567, {"numeric": ["=", 1.0000001]}, {"anything-but": 1e-7}]}',
        '{"a": [{"anything-but": "x"}, {"anything-but": 1}, {"anything-but": ["x", "y"]}, {"anything-but": [1, 2]}]}',
        '{"a": [{"anything-but": {"prefix": "x"}}, {"anything-but": {"suffix": "x"}}]}',
        '{"a": [{"anything-but": {"wildcard": "x*"}}]}',
        '{"a": ["1"], "b": ["1"], "c": ["1"], "d": ["1"], "e": ["1"]}',
        '{"$or": [{"a": ["x"]}, {"b": ["y"]}], "c": ["z"]}',
        '{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "b": ["1", "2", "3", "4", "5"], "c": ["1", "2", "3"]}',
    )
] + [
    ('{"a": {"b": {"c": ["x", {"prefix": "y"}]}}, "d": [{"exists": true}]}', MESSAGE_BODY),
    ('{"$or": [{"a": {"b": ["x"]}}, {"c": [{"numeric": [">", 1]}]}]}', MESSAGE_BODY),
    ('{"$or": ["x", {"prefix": "y"}]}', MESSAGE_ATTRIBUTES),
    ('{"$or": [{"prefix": "x"}, {"suffix": "y"}], "a": [",\\"$or\\":[{", "{[]}"]}', MESSAGE_ATTRIBUTES),
]


def _some(values: int) -> list[int]:
    return list(range(values))


def _nested(levels: int, value: object) -> dict[str, object]:
    return {"a": _nested(levels - 1, value) if levels > 1 else value}


def _case(policy: object) -> Case:
    return json.dumps(policy), MESSAGE_BODY


COMBINATIONS: dict[int, list[Case]] = {
    150: [
        _case({"a": _some(15), "b": _some(10)}),
        _case({"$or": [{"a": _some(100)}, {"b": _some(50)}]}),
        _case({"$or": [{"a": _some(10), "b": _some(2)}, {"c": {"d": _some(5)}}], "e": _some(5)}),
        _case({"$or": [{"$or": [{"a": _some(40)}, {"b": _some(5)}]}, {"c": _some(5)}], "d": _some(3)}),
        _case({"o": {"$or": [{"a": _some(30)}, {"b": {"c": _some(5)}}], "x": [1]}, "k": [1]}),
        _case({"a": {"b": _some(75)}}),
        _case(_nested(5, _some(30))),
        _case(_nested(15, _some(10))),
        _case(_nested(150, _some(1))),
    ],
    160: [
        _case({"a": _some(4), "b": _some(4), "c": _some(2), "d": _some(5), "e": [1]}),
        _case({"$or": [{"a": _some(10), "b": _some(2)}, {"c": {"d": _some(6)}}], "e": _some(5)}),
        _case({"$or": [{"a": {"$or": [{"b": _some(30)}, {"c": _some(5)}]}}, {"d": _some(90)}]}),
        _case(_nested(2, _some(80))),
        _case(_nested(8, _some(20))),
        _case(_nested(16, _some(10))),
        _case(_nested(160, _some(1))),
    ],
    151: [
        _case({"$or": [{"a": _some(100)}, {"b": _some(51)}]}),
        _case({"a": [1], "$or": [{"b": _some(75)}, {"c": _some(75)}, {"d": [{"prefix": "x"}]}]}),
    ],
    156: [_case({"a": {"b": _some(6)}, "c": _some(13)})],
    1_000_000: [_case({name: _some(1000) for name in "ab"})],
}
"""Policies by what SNS counts; 150 is the most that it takes."""
_POINTS = [{"wildcard": f"*{number}"} for number in range(10)]
WILDCARD_POINTS: dict[int, list[Case]] = {
    100: [_case({"a": _POINTS}), _case({"$or": [{"a": _POINTS[:8]}, {"b": {"c": _POINTS[:6]}}]})],
    101: [_case({"a": {"b": _POINTS}, "c": _POINTS[:1]}), _case({"$or": [{"a": _POINTS}, {"b": _POINTS[:1]}]})],
    200: [_case({"$or": [{"a": _POINTS, "b": [1]}, {"a": _POINTS, "c": [1]}]})],
    1296: [_case({"a": [{"wildcard": f"*{number}*a*b"} for number in range(12)]})],
}
"""Policies by what their wildcards cost; 100 is the most."""
AT_THE_LIMIT = [*COMBINATIONS[150], *WILDCARD_POINTS[100]]
TOO_COMPLEX: dict[Case, str] = {
    ('{"a": ["1"], "b": ["1"], "c": ["1"], "d": ["1"], "e": ["1"], "f": ["1"]}', MESSAGE_ATTRIBUTES): "6: a, b, c",
    _case({**{key: [1] for key in "abcde"}, "$or": [{"f": [1]}, {"g": [1]}]}): "6: $or, a, b",
    **{case: f"{count} combinations" for count, cases in COMBINATIONS.items() if count > 150 for case in cases},
    **{case: f"{count} points" for count, cases in WILDCARD_POINTS.items() if count > 100 for case in cases},
}
"""Refused for a count, which Terraform's message names in the place of the policy."""

_WRONG: list[object] = ["x", 5, None, [], {}, [["x"]], [{"unknown": ["x"]}], [{"prefix": 5}]]
REFUSED: list[Case] = [
    *TOO_COMPLEX,
    *(_case(_nested(7, wrong)) for wrong in _WRONG),
    *(
        (policy, MESSAGE_ATTRIBUTES)
        for policy in (
            "event_type = x",
            "[]",
            '["x"]',
            '"x"',
            '{"a": "x"}',
            '{"a": 1}',
            '{"a": []}',
            '{"a": {"b": ["x"]}}',
            '{"a": [["x"]]}',
            '{"a": [{}]}',
            '{"a": [{"unknown": "x"}]}',
            '{"a": [{"equals": "x"}]}',
            '{"a": [{"Prefix": "x"}]}',
            '{"a": [{"prefix": "x", "suffix": "y"}]}',
            '{"a": [{"prefix": 1}]}',
            '{"a": [{"prefix": ["x"]}]}',
            '{"a": [{"suffix": null}]}',
            '{"a": [{"equals-ignore-case": true}]}',
            '{"a": [{"exists": "yes"}]}',
            '{"a": [{"exists": "true"}]}',
            '{"a": [{"exists": 1}]}',
            '{"a": [{"wildcard": 1}]}',
            '{"a": [{"wildcard": "*a*b*c*"}]}',
            '{"a": [{"wildcard": "a**"}]}',
            '{"a": [{"cidr": "10.0.0.0"}]}',
            '{"a": [{"cidr": "10.0.0.0/33"}]}',
            '{"a": [{"cidr": "300.0.0.0/24"}]}',
            '{"a": [{"cidr": 10}]}',
            '{"a": [{"numeric": []}]}',
            '{"a": [{"numeric": [">"]}]}',
            '{"a": [{"numeric": 5}]}',
            '{"a": [{"numeric": ["=", "5"]}]}',
            '{"a": [{"numeric": ["==", 5]}]}',
            '{"a": [{"numeric": ["<", 5, ">", 1]}]}',
            '{"a": [{"numeric": [">", 5, ">", 6]}]}',
            '{"a": [{"numeric": [">", 5, "<", 1]}]}',
            '{"a": [{"numeric": ["=", 5, "<", 6]}]}',
            '{"a": [1e309]}',
            '{"a": ["x", -1.8e308]}',
            '{"a": [{"numeric": [">", 0, "<=", 1e400]}]}',
            '{"a": [{"anything-but": [1, -1e309]}]}',
            '{"a": [{"anything-but": []}]}',
            '{"a": [{"anything-but": null}]}',
            '{"a": [{"anything-but": true}]}',
            '{"a": [{"anything-but": ["x", 1]}]}',
            '{"a": [{"anything-but": [true]}]}',
            '{"a": [{"anything-but": {}}]}',
            '{"a": [{"anything-but": {"prefix": ""}}]}',
            '{"a": [{"anything-but": {"exists": true}}]}',
            '{"a": [{"anything-but": {"prefix": "x", "suffix": "y"}}]}',
        )
    ),
    ('{"a": {"b": "x"}}', MESSAGE_BODY),
    ('{"a": {"b": []}}', MESSAGE_BODY),
    ('{"a": {}}', MESSAGE_BODY),
    ('{"a": {"b": [{"prefix": 1}]}}', MESSAGE_BODY),
    ('{"a": {"b": {"c": [{"numeric": [">"]}]}}}', MESSAGE_BODY),
    ('{"a": {"b": [1e309]}}', MESSAGE_BODY),
    ('{"$or": [{"a": ["x"]}, {"b": [1e309]}]}', MESSAGE_ATTRIBUTES),
]
