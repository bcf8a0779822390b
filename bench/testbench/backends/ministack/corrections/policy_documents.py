"""Policy documents that IAM, SQS, SNS and S3 refuse, and MiniStack 1.5.33 accepts: one that decides nothing.

Most rules are moto's, which was compared with AWS (moto.iam.policy_validation). It is imported when the first document
comes: that takes a second. What it lacks is here: principals, the service of a resource's own policy, sizes.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks

IDENTITY, TRUST = "identity", "trust"
CURRENT = "2012-10-17"
LARGEST_MANAGED, LARGEST_TRUST, LARGEST_INLINE = 6144, 2048, 10240
MOST_ATTACHED = 10
"""Characters; IAM does not count white space outside of texts."""
_SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com|amazon\.com|amazonaws\.com\.cn|aws\.internal)")


def problem(document: str, kind: str) -> str | None:
    """What is wrong with a document, None when AWS takes it. `kind`: IDENTITY, TRUST, or the service of a resource."""
    from moto.iam import policy_validation  # heavy
    from moto.iam.exceptions import MalformedPolicyDocument

    validators = {
        IDENTITY: policy_validation.IAMPolicyDocumentValidator,
        TRUST: policy_validation.IAMTrustPolicyDocumentValidator,
    }
    try:
        text = _as_moto_takes_it(document, old_version=kind not in validators)
        validators.get(kind, policy_validation.IAMPolicyDocumentValidator)(text).validate()
    except MalformedPolicyDocument as error:
        return str(error.message)
    found = json.loads(document)["Statement"]
    statements = found if isinstance(found, list) else [found]
    for statement in statements:
        if wrong := _principal_problem(statement, kind) or _operator_problem(statement):
            return wrong
        if kind in validators and not re.fullmatch("[0-9A-Za-z]*", statement.get("Sid", "")):
            rule = "Check that your input satisfies the regular expression [0-9A-Za-z]*"
            return f"Statement IDs (SID) must be alpha-numeric. {rule}"
        if kind not in validators and (wrong := _out_of_scope(statement, kind)):
            return wrong
    return None


def _as_moto_takes_it(document: str, *, old_version: bool) -> str:
    """Numbers as texts; the present version where an older one, or none, is good as well."""
    try:
        found = json.loads(document, parse_int=str, parse_float=str)
    except ValueError:
        return document
    if old_version and isinstance(found, dict) and found.get("Version", "2008-10-17") == "2008-10-17":
        found["Version"] = CURRENT
    return json.dumps(found)


def _principal_problem(statement: Mapping[str, Any], kind: str) -> str | None:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if kind == IDENTITY:
        return None if principal is None else "Policy document should not specify a principal."
    if principal is None:
        return "Missing required field Principal"
    if principal == "*":
        return None
    if not isinstance(principal, dict) or not principal:
        return f"Invalid principal in policy: {json.dumps(principal)}"
    for owner, values in principal.items():
        for value in values if isinstance(values, list) else [values]:
            if not _is_principal(owner, value):
                return f'Invalid principal in policy: "{owner}":"{value}"'
    return None


def _is_principal(owner: str, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if owner == "Service":
        return _SERVICE.fullmatch(value) is not None
    if owner == "AWS":
        return value == "*" or re.fullmatch(r"\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+", value) is not None
    return owner in ("Federated", "CanonicalUser")


def _operator_problem(statement: Mapping[str, Any]) -> str | None:
    """moto lets an unknown operator pass when it compares nothing."""
    if statement.get("Condition") == {} or all(statement.get("Condition", {"-": "-"}).values()):
        return None
    return "Syntax errors in policy."


def _out_of_scope(statement: Mapping[str, Any], service: str) -> str | None:
    actions = statement.get("Action", statement.get("NotAction"))
    for action in actions if isinstance(actions, list) else [actions]:
        if action != "*" and action.lower().partition(":")[0] != service:
            return "Policy statement action out of service scope!"
    resources = statement.get("Resource", statement.get("NotResource"))
    for resource in resources if isinstance(resources, list) else [resources]:
        if resource != "*" and resource.split(":")[2] != service:
            return "Policy statement resource out of service scope!"
    return None


def size(document: str) -> int:
    """Characters that count against IAM's quotas."""
    return len(json.dumps(json.loads(document), separators=(",", ":"), ensure_ascii=False))


def apply() -> None:
    """Check where documents come in."""
    iam, queues, topics, storage = (hooks.service(name) for name in ("iam", "sqs", "sns", "s3"))
    checked = functools.lru_cache(maxsize=256)(problem)  # the same documents come again and again

    def malformed(wrong: str) -> Any:
        return iam._error(400, "MalformedPolicyDocument", wrong)

    def too_large(name: str, limit: int, document: str) -> Any:
        if size(document) <= limit:
            return None
        return iam._error(409, "LimitExceeded", f"Cannot exceed quota for {name}: {limit}")

    def trust(field: str) -> Callable[..., Any]:
        def check(original: Callable[..., Any], params: Any) -> Any:
            document = iam._p(params, field)
            if wrong := checked(document, TRUST):
                return malformed(wrong)
            return too_large("ACLSizePerRole", LARGEST_TRUST, document) or original(params)

        return check

    def inline(original: Callable[..., Any], params: Any) -> Any:
        role, name, document = (iam._p(params, field) for field in ("RoleName", "PolicyName", "PolicyDocument"))
        others = {**(iam._roles.get(role) or {}).get("InlinePolicies", {}), name: document}
        if sum(size(each if isinstance(each, str) else json.dumps(each)) for each in others.values()) > LARGEST_INLINE:
            words = f"Maximum policy size of {LARGEST_INLINE} bytes exceeded for role {role}"
            return iam._error(409, "LimitExceeded", words)
        return original(params)

    def attach(original: Callable[..., Any], params: Any) -> Any:
        role, arn = iam._roles.get(iam._p(params, "RoleName")), iam._p(params, "PolicyArn")
        if not re.fullmatch(r"arn:[a-z-]+:iam::(aws|\d{12}):policy/\S+", arn):
            return iam._error(400, "InvalidInput", f"ARN {arn} is not valid.")
        if role and not arn.startswith("arn:aws:iam::aws:") and iam._lookup_policy(arn) is None:
            return iam._error(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
        if role and len({*role["AttachedPolicies"], arn}) > MOST_ATTACHED:
            return iam._error(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}")
        return original(params)

    def identity(name: str, limit: int) -> Callable[..., Any]:
        def check(original: Callable[..., Any], params: Any) -> Any:
            document = iam._p(params, "PolicyDocument")
            if wrong := checked(document, IDENTITY):
                return malformed(wrong)
            return too_large(name, limit, document) or original(params)

        return check

    def queue(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        policy = (data.get("Attributes") or {}).get("Policy")
        if policy and (wrong := checked(policy, "sqs")):
            words = f"Invalid value for the parameter Policy. Reason: {wrong}"
            raise queues._Err("InvalidAttributeValue", words)
        return original(data, url)

    def topic(original: Callable[..., Any], params: Any) -> Any:
        policy = topics._p(params, "AttributeValue") if topics._p(params, "AttributeName") == "Policy" else ""
        for name, value in params.items():  # of CreateTopic
            if re.fullmatch(r"Attributes\.entry\.\d+\.key", name) and value[0] == "Policy":
                policy = topics._p(params, name.removesuffix("key") + "value")
        if policy and (wrong := checked(policy, "sns")):
            return topics._error("InvalidParameter", f"Invalid parameter: Policy Error: {wrong}", 400)
        return original(params)

    def bucket(original: Callable[..., Any], name: str, body: bytes) -> Any:
        wrong = checked(body.decode(), "s3")
        return storage._error("MalformedPolicy", wrong, 400, f"/{name}") if wrong else original(name, body)

    hooks.wrap(iam, "_create_role", ("p",), trust("AssumeRolePolicyDocument"), iam._IAM_HANDLERS)
    hooks.wrap(iam, "_update_assume_role_policy", ("p",), trust("PolicyDocument"), iam._IAM_HANDLERS)
    hooks.wrap(iam, "_put_role_policy", ("p",), inline, iam._IAM_HANDLERS)
    hooks.wrap(iam, "_attach_role_policy", ("p",), attach, iam._IAM_HANDLERS)
    for name, quota, limit in (
        ("_create_policy", "PolicySize", LARGEST_MANAGED),
        ("_create_policy_version", "PolicySize", LARGEST_MANAGED),
        ("_put_role_policy", "InlinePolicySize", LARGEST_INLINE),
    ):
        hooks.wrap(iam, name, ("p",), identity(quota, limit), iam._IAM_HANDLERS)
    for name, parameters in (("_act_create_queue", ("data", "_u")), ("_act_set_queue_attributes", ("data", "qurl"))):
        hooks.wrap(queues, name, parameters, queue, queues._HANDLERS)
    hooks.wrap(topics, "_set_topic_attributes", ("params",), topic)
    hooks.wrap(topics, "_create_topic", ("params",), topic)
    hooks.wrap(storage, "_put_bucket_policy", ("name", "body"), bucket)
