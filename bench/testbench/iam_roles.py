"""Roles as tests need them: one that may do just this, and a role that loses a permission for a while."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Client = Callable[[str], Any]


def make_role(client: Client, service: str, *actions: str, resource: str = "*") -> str:
    """ARN of a new role that the service may assume and that may do the actions on the resource, or nothing."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    made = client("iam").create_role(RoleName=f"role-{secrets.token_hex(6)}", AssumeRolePolicyDocument=_policy(trust))
    arn = str(made["Role"]["Arn"])
    allow(client, arn, *actions, resource=resource)
    return arn


def allow(client: Client, role_arn: str, *actions: str, resource: str = "*") -> None:
    """Let the role do these actions and, of what `make_role` or `allow` gave it, no others."""
    # A policy must have a statement and a statement an action: one that denies an action nobody has allowed.
    effect, named = ("Allow", list(actions)) if actions else ("Deny", ["sts:AssumeRole"])
    document = _policy({"Effect": effect, "Action": named, "Resource": resource})
    client("iam").put_role_policy(RoleName=role_arn.rpartition("/")[2], PolicyName="allowed", PolicyDocument=document)


@contextmanager
def taken_away(client: Client, role: str, action: str, resource: str = "") -> Iterator[None]:
    """The role's inline policies without the action, in all statements or those for the resource; then as before."""
    iam = client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    after = {name: _without(document, action, resource) for name, document in before.items()}
    assert after != before, f"{role} has no {action} to take away"
    _put(iam, role, after)
    try:
        yield
    finally:
        _put(iam, role, before)


def _without(document: dict[str, Any], action: str, resource: str) -> dict[str, Any]:
    statements = []
    for statement in document["Statement"]:
        actions = _list(statement["Action"])
        if not resource or resource in _list(statement["Resource"]):
            actions = [each for each in actions if each != action]
        if actions:
            statements.append({**statement, "Action": actions})
    return {**document, "Statement": statements}


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _put(iam: Any, role: str, documents: dict[str, Any]) -> None:
    for name, document in documents.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
