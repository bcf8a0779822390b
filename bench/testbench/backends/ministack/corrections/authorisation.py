"""Whether a role may do something: asked where the emulator acts in a role's place, and AWS checks the role.

MiniStack 1.5.33 enforces policies for requests that arrive over HTTP (and only with AUTH=true). What it does by itself,
as Lambda's pollers and Step Functions do on AWS with a role of the user's, it never checks.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks


def apply() -> None:
    """Change nothing; refuse to start when what `allowed` needs of the emulator is gone."""
    evaluator = hooks.core("iam_evaluator")
    hooks.expected(evaluator, "caller_arn")
    for name, parameters in {
        "_gather_role_policies": ("role_name", "account_id"),
        "_resource_policy": ("service", "resource_arn"),
        "combine_resource_policy": ("identity", "ctx", "policy", "owner_account", "required", "limits"),
        "evaluate": ("ctx", "policies", "limits"),
        "evaluate_resource_policy": ("doc", "ctx", "service", "named_only", "direct_only"),
    }.items():
        hooks.expected(evaluator, name, *parameters)


def enforced() -> bool:
    """Whether this bench enforces policies at all (BENCH_AUTH=0 does not)."""
    return bool(hooks.application().AUTH)


def caller() -> str | None:
    """ARN of the role session that makes the present request; None for the account's root user (Terraform, tests)."""
    arn: str = hooks.core("iam_evaluator").caller_arn()
    return arn if ":assumed-role/" in arn else None


def allowed(principal: str, action: str, resource: str) -> bool:
    """Whether the role's policies and the resource's own allow it. See `denied`."""
    return denied(principal, (action,), resource) is None


def denied(
    principal: str, actions: Iterable[str], resource: str, conditions: Mapping[str, Any] | None = None
) -> str | None:
    """The first of the actions that the role may not do, None when it may do all.

    On a bench that enforces nothing it may do everything. `principal` is the ARN of a role, or of a session of one;
    `conditions` are condition keys in lower case.
    """
    if not enforced():
        return None
    evaluator = hooks.core("iam_evaluator")
    account, role = account_and_role(principal)
    policies = evaluator._gather_role_policies(role, account)
    for action in actions:
        context = evaluator.EvalContext(
            principal_arn=principal,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=hooks.core("responses").get_region(),
            service_context=dict(conditions or {}),
        )
        result = evaluator.evaluate(context, policies)
        service = action.partition(":")[0]
        found = evaluator._resource_policy(service, resource)
        if found is not None:
            required = service in evaluator._POLICY_REQUIRED
            result = evaluator.combine_resource_policy(result, context, *found, required=required)
        if result.decision != "Allow":
            return action
    return None


def service_allowed(service: str, action: str, resource: str, policy: Any, source_arn: str) -> bool:
    """Whether a resource's policy lets a service do that on behalf of the resource `source_arn`."""
    evaluator = hooks.core("iam_evaluator")
    account = source_arn.split(":")[4]
    context = evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=hooks.core("responses").get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": account},
    )
    return bool(evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def account_and_role(principal: str) -> tuple[str, str]:
    """Account and name of the role in the ARN of a role (with or without a path) or of a session of it."""
    _, _, service, _, account, resource = principal.split(":", 5)
    parts = resource.split("/")
    return account, parts[1] if service == "sts" else parts[-1]
