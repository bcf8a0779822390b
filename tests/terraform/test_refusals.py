"""Every limit is refused before anything is made, by a message with the rule, an example and the value received."""

import json
import re
import shutil
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docs.generate_terraform import copies
from testbench.paths import PROJECT
from tests.support.filter_policies import AT_THE_LIMIT, TAKEN
from tests.support.redaction_rules import TAKEN_PATHS, TAKEN_RULES
from tests.terraform.native import MOCKS, MODULES, WORK, terraform_test
from tests.terraform.refusals import REFUSALS, THROUGH_OTHERS, VALID, Refusal

_PLAN = """mock_provider "aws" {
  source = "%s"
}

run "all" {
  command = plan
}
"""
_RULE = re.compile(r"validation rule at (?P<file>\S+/modules/\S+?\.tf):(?P<line>\d+),")


MOST_AT_ONCE = 120
"""Calls in a configuration: the time that Terraform takes grows faster than their number."""


@cache
def answers() -> dict[str, list[str]]:
    """Case -> messages. Terraform stops after a phase that found errors, and rules that read other variables are in a
    later phase than rules that do not: so what was not refused is planned again, as long as that finds more."""
    cases = [(f"case_{number:03}", case) for number, case in enumerate(REFUSALS)]
    found: dict[str, list[str]] = {}
    for start in range(0, len(cases), MOST_AT_ONCE):
        waiting = dict(cases[start : start + MOST_AT_ONCE])
        while waiting:
            refused = {name: texts for name, texts in _planned(waiting).items() if name in waiting}
            if not refused:
                break
            found |= refused
            waiting = {name: case for name, case in waiting.items() if name not in found}
    return found


def _planned(cases: dict[str, Refusal], work: str = "refusals") -> dict[str, list[str]]:
    """Case -> messages, of one plan of these cases on the mocked provider."""
    folder = WORK / work
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    up = "/".join([".."] * len(folder.relative_to(PROJECT).parts))
    for name, case in cases.items():
        source = up if case.module == "root" else f"{up}/modules/{case.module}"
        call = {"source": source, **VALID[case.module], **case.inputs}
        (folder / f"{name}.tf.json").write_text(json.dumps({"module": {re.sub(r"\W", "_", name): _literal(call)}}))
    (folder / "versions.tf").write_text((PROJECT / "versions.tf").read_text())  # or aws would not be mocked
    (folder / "refusals.tftest.hcl").write_text(_PLAN % f"{up}/{MOCKS.relative_to(PROJECT)}")
    found: dict[str, list[str]] = defaultdict(list)
    for event in terraform_test(folder, "."):
        if event["type"] == "diagnostic" and event["diagnostic"]["severity"] == "error":
            place = event["diagnostic"].get("range", {}).get("filename", "")
            found[Path(place).name.removesuffix(".tf.json")].append(event["diagnostic"]["detail"])
    return dict(found)


def _literal(value: Any) -> Any:
    """Strings in JSON configurations are templates; here they are not."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {name: _literal(inner) for name, inner in value.items()}
    return [_literal(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_a_wrong_value_is_refused_with_rule_example_and_value(case: Refusal) -> None:
    messages = answers().get(f"case_{REFUSALS.index(case):03}", [])
    assert len(messages) == 1, f"expected one refusal, got {messages or 'none'}"
    message = " ".join(messages[0].split())
    assert " must " in message or " needs " in message or " are for " in message or " is for " in message, message
    assert re.search(r"[Ff]or example ", message), message
    received = message.partition("Received")[2]
    assert case.received.removeprefix("Received") in received, message


def test_a_refusal_through_root_and_pipelines_names_the_callers_input() -> None:
    messages = [" ".join(text.split()) for some in _planned(THROUGH_OTHERS, "through").values() for text in some]
    for name, case in THROUGH_OTHERS.items():
        (message,) = [text for text in messages if text.startswith(name)] or ["none"]
        assert case.received in message.partition("Received")[2], message


def test_every_redaction_rule_that_the_functions_take_is_planned() -> None:
    rules = [*({"path": path} for path in TAKEN_PATHS), *TAKEN_RULES]
    longest = [{"path": f"$.{'a' * 40}_{number:02}"} for number in range(52)]  # 3,000 characters less a few
    cases = {
        f"{module}-{name}": Refusal(module, {"redact": given}, "")
        for module in ("storage-backup", "search-analytics")
        for name, given in (("all", rules), ("longest", longest))
    }

    assert 2_945 < len(json.dumps(longest, separators=(",", ":"))) <= 3_000
    assert _planned(cases, "taken-rules") == {}


def test_every_filter_policy_that_sns_takes_is_planned() -> None:
    cases = {
        f"policy-{number}": Refusal("fork", {"filter_policy": policy, "filter_policy_scope": scope}, "")
        for number, (policy, scope) in enumerate([*TAKEN, *AT_THE_LIMIT])
    }

    assert _planned(cases, "taken-policies") == {}


def test_every_validation_of_every_module_is_proved_by_a_case() -> None:
    written = {
        (file.relative_to(MODULES).as_posix(), number)
        for file in MODULES.glob("*/variables*.tf")
        if file not in copies()  # proved where they are written
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if line.strip() == "validation {"
    }
    proved = {
        (match["file"].rpartition("/modules/")[2], int(match["line"]))
        for messages in answers().values()
        for message in messages
        for match in _RULE.finditer(" ".join(message.split()))
    }
    assert sorted(written - proved) == []
