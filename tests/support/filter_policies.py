"""Filter policies that SNS takes and refuses: one table for the functions, the command and Terraform.

Reasons and sources: tests/unit/event_fork/filter_policy.
"""

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
]

TOO_COMPLEX: list[Case] = [
    ('{"a": ["1"], "b": ["1"], "c": ["1"], "d": ["1"], "e": ["1"], "f": ["1"]}', MESSAGE_ATTRIBUTES),
    ('{"a": [1, 2, 3, 4, 5, 6], "b": [1, 2, 3, 4, 5], "c": [1, 2, 3, 4, 5, 6]}', MESSAGE_ATTRIBUTES),
]
"""Refused for a count, which a message names in the place of the policy."""

REFUSED: list[Case] = [
    *TOO_COMPLEX,
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
