"""The redaction rules as Terraform writes them into REDACT: a JSON list, one object for each rule.

    {"path": "$.payment.card"}                          remove the member
    {"path": "$.email", "action": "mask", "mask": "-"}  replace its value by a string
    {"path": "$..card", "embedded": true}               also in strings that hold JSON
    {"attribute": "card-*"}                             message attributes, by name or by the beginning of it
    {"subject": true}                                   the Subject
    {"detect": "card_number", "keep_last": 4}           all that looks like one, anywhere
    {..., "action": "audit"}                            count, change nothing
    {..., "required": true}                             an event in which the rule finds nothing goes to the DLQ

Absent or null (Terraform writes null for what is not set): remove, or mask for a detector; the mask is ***.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from event_fork.errors import JsonPathError, RedactionRuleError
from event_fork.events.detection import DETECTORS
from event_fork.events.json_path import parse_path
from event_fork.events.redaction import (
    DEFAULT_MASK,
    Action,
    AttributeRule,
    DetectorRule,
    PathRule,
    Rule,
    SubjectRule,
)

MOST_KEPT = 4
"""What PCI DSS 4.0 requirement 3.4.1 lets everybody see of a card number's end."""

_ON = ("path", "attribute", "subject", "detect")
_TYPES = {
    "path": str,
    "attribute": str,
    "subject": bool,
    "detect": str,
    "action": str,
    "mask": str,
    "embedded": bool,
    "keep_last": int,
    "required": bool,
}
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_.-]+\*?")
"""The characters that SNS takes in the name of a message attribute: a rule with others could never find anything."""
_EXAMPLE = '{"path": "$.payment.card"}'


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules in a JSON list. Raises RedactionRuleError, which says what is wrong with which rule."""
    try:
        rules = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RedactionRuleError(f"must be a JSON list of rules, such as [{_EXAMPLE}] (got {text[:200]!r})") from error
    if not isinstance(rules, list):
        raise RedactionRuleError(f"must be a JSON list of rules, such as [{_EXAMPLE}] (got {text[:200]!r})")
    return tuple(_rule(rule) for rule in rules)


def _rule(given: Any) -> Rule:
    if not isinstance(given, dict):
        raise _refused(f"a rule must be an object, such as {_EXAMPLE}", given)
    rule = {name: value for name, value in given.items() if value is not None and value is not False}
    for name, value in rule.items():
        if name not in _TYPES or type(value) is not _TYPES[name]:
            raise _refused(f"a rule may have {', '.join(_TYPES)}, each of its type, such as {_EXAMPLE}", given)
    if len([name for name in _ON if name in rule]) != 1:
        raise _refused(f"a rule must have one of {', '.join(_ON)}, such as {_EXAMPLE}", given)
    default = Action.MASK if "detect" in rule else Action.REMOVE
    if rule.get("action", default) not in list(Action):
        raise _refused(f"action must be {', '.join(Action)}", given)
    action = Action(rule.get("action", default))
    if "mask" in rule and action != Action.MASK:
        raise _refused('mask goes with the action "mask" only', given)
    if "embedded" in rule and "path" not in rule:
        raise _refused("embedded goes with path only: detectors look into all strings", given)
    if "keep_last" in rule and (rule.get("detect") not in ("card_number", "iban") or not 1 <= rule["keep_last"] <= 4):
        raise _refused(f"keep_last must be 1 to {MOST_KEPT} and goes with card_number and iban only", given)
    if "required" in rule and action == Action.AUDIT:
        raise _refused("an audit changes nothing, so it cannot be required", given)
    return _of_kind(
        rule, given, {"action": action, "mask": rule.get("mask", DEFAULT_MASK), "required": "required" in rule}
    )


def _of_kind(rule: Mapping[str, Any], given: Any, common: Mapping[str, Any]) -> Rule:
    if "path" in rule:
        try:
            path = parse_path(rule["path"])
        except JsonPathError as error:
            raise RedactionRuleError(str(error)) from error
        if not path and common["action"] == Action.REMOVE:
            raise _refused("the whole message ($) can be masked but not removed", given)
        return PathRule(name=rule["path"], path=path, embedded="embedded" in rule, **common)
    if "attribute" in rule:
        name: str = rule["attribute"]
        if not _ATTRIBUTE.fullmatch(name):
            raise _refused('attribute must be a name or the beginning of one, such as "card-*"', given)
        by_prefix = name.endswith("*")
        return AttributeRule(
            name=f"attribute:{name}",
            attribute=name.removesuffix("*") if by_prefix else name,
            by_prefix=by_prefix,
            **common,
        )
    if "subject" in rule:
        return SubjectRule(name="Subject", **common)
    if rule["detect"] not in DETECTORS:
        raise _refused(f"detect must be {', '.join(DETECTORS)}", given)
    if common["action"] == Action.REMOVE:
        raise _refused("what a detector finds is part of a text and can be masked but not removed", given)
    return DetectorRule(
        name=rule["detect"], detector=DETECTORS[rule["detect"]], keep_last=rule.get("keep_last", 0), **common
    )


def _refused(rule: str, given: object) -> RedactionRuleError:
    return RedactionRuleError(f"{rule} (got {json.dumps(given)[:200]})")
