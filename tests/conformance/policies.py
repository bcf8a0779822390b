"""Every policy that is planned, for the judges of IAM's grammar and of its actions and resources."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

from tests.conformance import tools
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

IDENTITY, TRUST, ON_RESOURCE = "identity", "trust", "resource"

_ATTRIBUTES = {
    ("aws_cloudwatch_log_resource_policy", "policy_document"): ON_RESOURCE,
    ("aws_iam_role_policy", "policy"): IDENTITY,
    ("aws_iam_role", "assume_role_policy"): TRUST,
    ("aws_kms_key", "policy"): ON_RESOURCE,
    ("aws_opensearch_domain", "access_policies"): ON_RESOURCE,
    ("aws_s3_bucket_policy", "policy"): ON_RESOURCE,
    ("aws_sns_topic", "policy"): ON_RESOURCE,
    ("aws_sqs_queue", "policy"): ON_RESOURCE,
    ("aws_sqs_queue_policy", "policy"): ON_RESOURCE,
}
_LONGEST = {IDENTITY: 10_240, TRUST: 2_048}
"""Characters without white space: of all inline policies of a role together, and of a trust policy by default.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

_PRINCIPALS = {
    "apigateway.amazonaws.com": "apigateway/latest/developerguide/integrating-api-with-aws-services-sns.html",
    "delivery.logs.amazonaws.com": "AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html",
    "es.amazonaws.com": "opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html",
    "events.amazonaws.com": "eventbridge/latest/userguide/eb-use-resource-based.html",
    "firehose.amazonaws.com": "firehose/latest/dev/controlling-access.html",
    "lambda.amazonaws.com": "lambda/latest/dg/lambda-intro-execution-role.html",
    "logs.amazonaws.com": "AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    "s3.amazonaws.com": "AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html",
    "sns.amazonaws.com": "sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
    "states.amazonaws.com": "step-functions/latest/dg/procedure-create-iam-role.html",
}
"""Services that a policy may name, each with its page below https://docs.aws.amazon.com/. In some pages a service has a
name in each Region, `sns.eu-south-1.amazonaws.com`; in China too they are written with amazonaws.com, but for a few."""
_ACCOUNT = re.compile(r"\*|\d{12}|arn:aws(-cn|-us-gov)?:(iam|sts)::\d{12}:(root|(user|role|assumed-role)/[\x21-\x7e]+)")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""
_VIA = re.compile(
    r"(dynamodb|es|firehose|kinesis|lambda|logs|s3|secretsmanager|sns|sqs|ssm)\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com(\.cn)?"
)
"""https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service"""
_ASSUMED_BY = {
    ("aws_lambda_function", "role"): "lambda",
    ("aws_sfn_state_machine", "role_arn"): "states",
    ("aws_sns_topic_subscription", "subscription_role_arn"): "sns",
    ("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration"): "firehose",
    ("aws_kinesis_firehose_delivery_stream", "opensearch_configuration"): "firehose",
}
"""Who takes the role that an attribute (or the `role_arn` of a block) names."""


@dataclass(frozen=True)
class Policy:
    """A policy, and where it stands."""

    where: str
    kind: str
    text: str

    @property
    def document(self) -> dict[str, Any]:
        """The policy as JSON."""
        loaded: dict[str, Any] = json.loads(self.text)
        return loaded


def policies(resources: Iterable[Resource]) -> list[Policy]:
    """All policies, alike ones once."""
    found: dict[Policy, None] = {}
    for resource in resources:
        for (of_type, attribute), kind in _ATTRIBUTES.items():
            if resource.type == of_type and resource.values.get(attribute):
                found[Policy(resource.in_module, kind, resource.values[attribute])] = None
        if resource.type == "aws_lambda_permission":
            found[Policy(resource.in_module, ON_RESOURCE, _of_permission(resource.values))] = None
    return list(found)


def _of_permission(values: dict[str, Any]) -> str:
    """The statement that a permission adds to a function's policy."""
    function = values["function_name"].rpartition(":")[2]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": values["principal"]},
        "Action": values["action"],
        "Resource": f"arn:aws:lambda:eu-west-1:123456789012:function:{function}",
    }
    if values.get("source_arn"):
        statement["Condition"] = {"ArnLike": {"aws:SourceArn": values["source_arn"]}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def grammar(found: Iterable[Policy]) -> Iterator[Finding]:
    """IAM's grammar, as moto checks it before it takes a policy; what moto leaves out; and IAM's lengths."""
    for policy in found:
        validator = IAMTrustPolicyDocumentValidator if policy.kind == TRUST else IAMPolicyDocumentValidator
        if policy.kind != ON_RESOURCE:
            try:
                validator(policy.text).validate()
            except MalformedPolicyDocument as error:
                yield Finding("grammar", "malformed", policy.where, str(error.message))
            size = len(json.dumps(policy.document, separators=(",", ":")))
            if size > _LONGEST[policy.kind]:
                yield Finding(
                    "grammar", "too-long", policy.where, f"{size} characters, IAM takes {_LONGEST[policy.kind]}"
                )
        statements = policy.document["Statement"]
        sids = [each["Sid"] for each in statements if "Sid" in each]
        if len(set(sids)) < len(sids):
            yield Finding("grammar", "sid-twice", policy.where, ", ".join(sids))
        if wrong := [sid for sid in sids if policy.kind != ON_RESOURCE and not re.fullmatch("[A-Za-z0-9]*", sid)]:
            yield Finding("grammar", "sid", policy.where, f"{', '.join(wrong)}: letters and digits only")
        if any(("Principal" in each or "NotPrincipal" in each) == (policy.kind == IDENTITY) for each in statements):
            says = "has a principal" if policy.kind == IDENTITY else "has a statement without principal"
            yield Finding("grammar", "principal", policy.where, f"a policy of kind {policy.kind} {says}")

        for principal in _principals(statements, "AWS"):
            if not _ACCOUNT.fullmatch(principal):
                yield Finding("grammar", "principal", policy.where, f"{principal} is no account, user or role")
        for via in _via(statements):
            if not _VIA.fullmatch(via):
                yield Finding("grammar", "via", policy.where, f"{via} is no service that uses keys")
        for principal in _principals(statements, "Service"):
            known = re.sub(r"^(\w+)\.[a-z]{2}(-[a-z]+)+-\d\.amazonaws\.com$", r"\1.amazonaws.com", principal)
            if known not in _PRINCIPALS:
                yield Finding("grammar", "service", policy.where, f"{principal} is no service that is known here")


def _principals(statements: Iterable[dict[str, Any]], kind: str) -> Iterator[str]:
    for statement in statements:
        for principal in (statement.get("Principal"), statement.get("NotPrincipal")):
            yield from _listed(principal.get(kind, []) if isinstance(principal, dict) else [])


def _via(statements: Iterable[dict[str, Any]]) -> Iterator[str]:
    for statement in statements:
        for condition in statement.get("Condition", {}).values():
            yield from _listed(condition.get("kms:ViaService", []))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def trusted(resources: Iterable[Resource]) -> Iterator[Finding]:
    """A role that is given to a service trusts that service."""
    all_of_them = list(resources)
    trust = {each.values["arn"]: each for each in all_of_them if each.type == "aws_iam_role" and each.values.get("arn")}
    for resource in all_of_them:
        for (kind, attribute), service in _ASSUMED_BY.items():
            value = resource.values.get(attribute) if resource.type == kind else None
            role = trust.get(value[0]["role_arn"] if isinstance(value, list) and value else value or "")
            if role is None:
                continue
            named = set(_principals(json.loads(role.values["assume_role_policy"])["Statement"], "Service"))
            if f"{service}.amazonaws.com" not in named:
                message = f"{resource.in_module} gives {role.in_module} to {service}, which it does not trust"
                yield Finding("grammar", "trust", role.in_module, message)


def actions(found: Iterable[Policy]) -> Iterator[Finding]:
    """Actions, the resources they are for and their condition keys, as parliament knows them."""
    by_number = {str(number): policy for number, policy in enumerate(found)}
    asked = {number: _with_a_role(policy) for number, policy in by_number.items()}
    for number, issue, detail in tools.ask("parliament", "parliament_policies.py", asked):
        yield Finding("parliament", issue, by_number[number].where, detail)


def _with_a_role(policy: Policy) -> dict[str, Any]:
    """A trust policy has no resource, since it stands on its role; parliament asks for one."""
    if policy.kind != TRUST:
        return policy.document
    statements = [{**each, "Resource": "arn:aws:iam::123456789012:role/any"} for each in policy.document["Statement"]]
    return {**policy.document, "Statement": statements}
