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
    found = {
        Policy(resource.in_module, kind, resource.values[attribute]): None
        for resource in resources
        for (of_type, attribute), kind in _ATTRIBUTES.items()
        if resource.type == of_type and resource.values.get(attribute)
    }
    return list(found)


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


def actions(found: Iterable[Policy]) -> Iterator[Finding]:
    """Actions, the resources they are for and their condition keys, as parliament knows them."""
    by_number = {str(number): policy for number, policy in enumerate(found) if policy.kind != TRUST}
    asked = {number: policy.document for number, policy in by_number.items()}
    for number, issue, detail in tools.ask("parliament", "parliament_policies.py", asked):
        yield Finding("parliament", issue, by_number[number].where, detail)
