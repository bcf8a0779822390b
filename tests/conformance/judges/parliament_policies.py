"""Runs in parliament's virtualenv. Input: {name: policy document}; output: [[name, issue, detail]]."""

import json
import sys
from typing import Any

import parliament


def judged(name: str, document: dict[str, Any]) -> list[list[str]]:
    """What parliament has against a policy."""
    analyzed = parliament.analyze_policy_string(json.dumps(document), ignore_private_auditors=True)
    return [[name, each.issue, str(each.detail)] for each in analyzed.findings]


if __name__ == "__main__":
    json.dump([line for name, document in json.load(sys.stdin).items() for line in judged(name, document)], sys.stdout)
