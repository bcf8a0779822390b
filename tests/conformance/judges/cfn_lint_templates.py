"""Runs in cfn-lint's virtualenv. Input: {name: {"region", "template"}}; output: [[name, rule, path, message]]."""

import json
import sys
from typing import Any

from cfnlint.api import lint
from cfnlint.config import ManualArgs


def judged(name: str, region: str, template: dict[str, Any]) -> list[list[str]]:
    """What cfn-lint has against a template in that Region."""
    matches = lint(json.dumps(template, indent=1), config=ManualArgs(regions=[region]))
    return [[name, each.rule.id, "/".join(str(part) for part in each.path or []), each.message] for each in matches]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    found = [line for name, each in asked.items() for line in judged(name, each["region"], each["template"])]
    json.dump(found, sys.stdout)
