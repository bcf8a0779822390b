import json
from typing import Any

import pytest

from event_fork.errors import RedactionRuleError
from event_fork.events.detection import DETECTORS
from event_fork.events.json_path import Member
from event_fork.events.redaction import Action, AttributeRule, DetectorRule, PathRule, Rule, SubjectRule
from event_fork.events.redaction_rules import parse_rules
from tests.support.redaction_rules import REFUSED_PATHS, REFUSED_RULES, TAKEN_PATHS, TAKEN_RULES


def read(**rule: Any) -> Rule:
    (only,) = parse_rules(json.dumps([rule]))
    return only


def test_each_kind_of_rule_is_read_with_its_defaults() -> None:
    assert read(path="$.a") == PathRule(name="$.a", path=(Member("a"),), action=Action.REMOVE, mask="***")
    assert read(attribute="card-*") == AttributeRule(name="attribute:card-*", attribute="card-", by_prefix=True)
    assert read(subject=True) == SubjectRule(name="Subject")
    assert read(detect="iban", keep_last=4) == DetectorRule(
        name="iban", detector=DETECTORS["iban"], action=Action.MASK, keep_last=4
    )


def test_what_terraform_writes_as_null_or_false_is_a_default() -> None:
    nothing = dict.fromkeys(("attribute", "detect", "action", "mask", "keep_last"))

    assert read(path="$.a", subject=False, embedded=False, required=False, **nothing) == read(path="$.a")


@pytest.mark.parametrize("path", TAKEN_PATHS)
def test_a_rule_takes_every_path_of_the_table(path: str) -> None:
    assert read(path=path).name == path


@pytest.mark.parametrize("rule", TAKEN_RULES, ids=json.dumps)
def test_a_rule_of_the_table_is_taken(rule: dict[str, Any]) -> None:
    assert read(**rule).required == rule.get("required", False)


@pytest.mark.parametrize("path", REFUSED_PATHS)
def test_a_rule_with_another_path_is_refused(path: str) -> None:
    with pytest.raises(RedactionRuleError):
        read(path=path)


WRONG_TYPES: list[Any] = [
    {"path": 1},
    {"path": "$.a", "mask": 7, "action": "mask"},
    {"path": "$.a", "embedded": "yes"},
    {"path": "$.a", "required": 1},
    {"path": "$.a", "acton": "mask"},
    {"detect": "iban", "keep_last": "4"},
    {"detect": "iban", "keep_last": True},
    {"subject": "yes"},
    {"attribute": ["a"]},
    *("$.a", 1, None, []),
]


@pytest.mark.parametrize("rule", [*REFUSED_RULES, *WRONG_TYPES], ids=json.dumps)
def test_every_other_rule_is_refused_and_the_refusal_shows_it(rule: Any) -> None:
    with pytest.raises(RedactionRuleError) as refusal:
        parse_rules(json.dumps([rule]))

    assert json.dumps(rule)[:100] in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{}", "null", "$.a", "[" * 100_000, '{"path": "$.a"}'])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(RedactionRuleError, match="JSON list"):
        parse_rules(text)
