"""Filter patterns of CloudWatch Logs, by the examples of AWS's page and what is made the same way."""

import json

import pytest

from testbench.log_patterns import PatternError, compile_pattern

LINES = ["[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[WARN 200] fine", "error in lower case"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", [0, 1, 2, 3]),
        ("ERROR", [0, 1]),
        ("ERROR REQUEST", [0, 1]),
        ('"BAD REQUEST"', [0]),
        ("?UNAUTHORIZED ?WARN", [1, 2]),
        ("ERROR ?WARN", [0, 1]),  # an optional term beside a required one counts for nothing
        ("ERROR -BAD", [1]),
        ("-ERROR", [2, 3]),
        ('"[ERROR 400]"', [0]),
        ("%40[01]%", [0, 1]),
        ("%^error%", [3]),
    ],
)
def test_terms(pattern: str, found: list[int]) -> None:
    matches = compile_pattern(pattern)
    assert [number for number, line in enumerate(LINES) if matches(line)] == found


DOCUMENT = {
    "level": "ERROR",
    "count": 3,
    "user": {"id": 1, "email": "john@example.com", "none": None},
    "users": [{"id": 1}, {"id": 2}],
    "done": True,
    "a.b": "dotted",
}


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ('{ $.level = "ERROR" }', True),
        ('{ $.level = "error" }', False),
        ("{ $.level = ERROR }", True),
        ('{ $.level != "INFO" }', True),
        ('{ $.level = "ERR*" }', True),
        ("{ $.level = %^ERR% }", True),
        ("{ $.count = 3 }", True),
        ("{ $.count > 3 }", False),
        ("{ $.count >= 3 && $.level = ERROR }", True),
        ("{ ($.count > 5 || $.done IS TRUE) && $.user.id = 1 }", True),
        ("{ $.count > 5 || $.level = INFO && $.done IS TRUE }", False),
        ("{ $.users[1].id = 2 }", True),
        ("{ $.users[*].id = 2 }", True),
        ("{ $.users[2].id = 2 }", False),
        ("{ $.user.none IS NULL }", True),
        ("{ $.user.id IS NULL }", False),
        ("{ $.done IS FALSE }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.user NOT EXISTS }", False),
        ("{ $.missing = * }", False),
        ("{ $.level = * }", True),
        ('{ $.missing != "x" }', False),
        ('{ $.["a.b"] = dotted }', True),
    ],
)
def test_comparisons_in_json(pattern: str, matching: bool) -> None:
    assert compile_pattern(pattern)(json.dumps(DOCUMENT)) is matching


@pytest.mark.parametrize("line", ["no json", "[1]", '"text"', ""])
def test_a_json_pattern_matches_json_objects_only(line: str) -> None:
    assert not compile_pattern("{ $.missing NOT EXISTS }")(line)


@pytest.mark.parametrize(
    "pattern",
    ["order-placed", "a.b", '"open', "%(%", "{ $.a = 1", "{ $.a }", "{ a = 1 }", "{ ($.a = 1 }", "{ $.a IS 3 }",
     "{ $.a > x }", "{ $.a = 1 $.b = 2 }", "{}", "[ip, user]"],
)  # fmt: skip
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)
