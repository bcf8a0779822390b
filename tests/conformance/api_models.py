"""botocore's models of AWS's own calls: the members, kinds, enumerations, limits and patterns of what would be sent.

CloudFormation names a property as the service's call names the member, with few exceptions; so the translation for the
resource schemas serves here too.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session

from tests.conformance.cloudformation import translated
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource


@dataclass(frozen=True)
class Call:
    """The call that makes a resource."""

    service: str
    operation: str
    renamed: Mapping[str, str | None] = field(default_factory=dict)
    """Property -> member, where they differ; None is sent by another call."""


_TOPIC_ATTRIBUTES = dict.fromkeys(
    ("ContentBasedDeduplication", "FifoTopic", "KmsMasterKeyId", "SignatureVersion", "TracingConfig")
)
_TAGGED_LATER = {"Tags": None}
CALLS: dict[str, Call] = {
    "AWS::Athena::NamedQuery": Call("athena", "CreateNamedQuery"),
    "AWS::Athena::WorkGroup": Call(
        "athena",
        "CreateWorkGroup",
        {"WorkGroupConfiguration": "Configuration", "RecursiveDeleteOption": None, "State": None},
    ),
    "AWS::CloudWatch::Alarm": Call("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": Call("cloudwatch", "PutDashboard"),
    "AWS::DynamoDB::Table": Call(
        "dynamodb",
        "CreateTable",
        {
            "PointInTimeRecoverySpecification": None,
            "TimeToLiveSpecification": None,
            "SSESpecification.SSEEnabled": "Enabled",
        },
    ),
    "AWS::Glue::Database": Call("glue", "CreateDatabase"),
    "AWS::Glue::Table": Call("glue", "CreateTable"),
    "AWS::IAM::Role": Call("iam", "CreateRole"),
    "AWS::IAM::RolePolicy": Call("iam", "PutRolePolicy"),
    "AWS::KMS::Alias": Call("kms", "CreateAlias"),
    "AWS::KMS::Key": Call(
        "kms",
        "CreateKey",
        {
            "KeyPolicy": "Policy",
            "EnableKeyRotation": None,
            "PendingWindowInDays": None,
            "Enabled": None,
            "RotationPeriodInDays": None,
            "Tags": None,
        },
    ),
    "AWS::Events::Rule": Call("events", "PutRule"),
    "AWS::KinesisFirehose::DeliveryStream": Call("firehose", "CreateDeliveryStream"),
    "AWS::Lambda::EventSourceMapping": Call("lambda", "CreateEventSourceMapping", _TAGGED_LATER),
    "AWS::Lambda::Function": Call("lambda", "CreateFunction", {"ReservedConcurrentExecutions": None, **_TAGGED_LATER}),
    "AWS::Logs::LogGroup": Call("logs", "CreateLogGroup", {"RetentionInDays": None, **_TAGGED_LATER}),
    "AWS::Logs::ResourcePolicy": Call("logs", "PutResourcePolicy"),
    "AWS::Logs::LogStream": Call("logs", "CreateLogStream"),
    "AWS::OpenSearchService::Domain": Call("opensearch", "CreateDomain", {"Tags": "TagList"}),
    "AWS::SNS::Subscription": Call(
        "sns",
        "Subscribe",
        dict.fromkeys(
            ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "SubscriptionRoleArn")
        ),
    ),
    "AWS::SNS::Topic": Call("sns", "CreateTopic", {"TopicName": "Name", **_TOPIC_ATTRIBUTES}),
    "AWS::SSM::Parameter": Call("ssm", "PutParameter", _TAGGED_LATER),
    "AWS::StepFunctions::StateMachine": Call(
        "stepfunctions", "CreateStateMachine", {"StateMachineName": "name", "StateMachineType": "type"}
    ),
}
NO_CALL = {
    "AWS::Lambda::Permission": "the provider makes up the statement's id, which the call needs",
    "AWS::S3::Bucket": "each part has a call of its own, in XML of its own; the resource schema has the same limits",
    "AWS::S3::BucketPolicy": "the policy is judged as a policy",
    "AWS::SQS::Queue": "SQS takes attributes as a map of texts, of which its model says nothing",
    "AWS::SQS::QueuePolicy": "the policy is judged as a policy",
}
"""Types without a call to compare with, and why."""

_KINDS: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "float": (int, float),
    "structure": dict,
    "map": dict,
    "list": list,
}


def judge(resources: Iterable[Resource]) -> list[Finding]:
    """What the models have against these resources."""
    found = []
    for resource in resources:
        for part in translated(resource):
            if part["Type"] in NO_CALL:
                continue
            call = CALLS[part["Type"]]
            for rule, message in against(call, part["Properties"]):
                found.append(Finding("botocore", rule, resource.in_module, f"{call.operation} {message}"))
    return found


def against(call: Call, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(rule, message) for what is wrong with the input of a call."""
    shape = _model(call.service).operation_model(call.operation).input_shape
    yield from _shape(shape, properties, "", call.renamed)


def members(call: Call, given: set[str]) -> tuple[set[str], set[str]]:
    """Of these members of a call: what it needs beside them, and what it does not have. They begin with a capital."""
    shape = _model(call.service).operation_model(call.operation).input_shape
    known, needed = (
        {name[0].upper() + name[1:] for name in names} for names in (shape.members, shape.required_members)
    )
    return needed - given, given - known


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _shape(shape: Any, value: Any, where: str, renamed: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    kind = shape.type_name
    if kind == "string" and isinstance(value, dict):
        value = json.dumps(value)  # policies and definitions: text for the service, an object in CloudFormation
    expected = _KINDS.get(kind)
    if expected is None:
        return
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
        yield "kind", f"{where} is {json.dumps(value)[:80]}, not a {kind}"
        return
    if kind == "structure":
        yield from _structure(shape, value, where, renamed)
    elif kind == "list":
        yield from _limits(shape, len(value), f"{where} has", where)
        for number, each in enumerate(value):
            yield from _shape(shape.member, each, f"{where}[{number}]", renamed)
    elif kind == "map":
        for key, each in value.items():
            yield from _shape(shape.key, key, f"{where} key", renamed)
            yield from _shape(shape.value, each, f"{where}.{key}", renamed)
    else:
        yield from _leaf(shape, value, where)


def _structure(
    shape: Any, value: Mapping[str, Any], where: str, renamed: Mapping[str, str | None]
) -> Iterator[tuple[str, str]]:
    members = {name.lower(): name for name in shape.members}
    given = set()
    for name, inner in value.items():
        path = f"{where}.{name}".lstrip(".")
        target = renamed.get(path, name)
        if target is None:
            continue
        member = members.get(target.lower())
        if member is None:
            yield "no-member", f"{path} is no member of {shape.name}"
            continue
        given.add(member)
        yield from _shape(shape.members[member], inner, path, renamed)
    for missing in set(shape.required_members) - given:
        yield "missing", f"{where or shape.name} needs {missing}"


def _leaf(shape: Any, value: Any, where: str) -> Iterator[tuple[str, str]]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield "enum", f"{where} is {value!r}, not one of {', '.join(allowed)[:200]}"
    size = len(value) if isinstance(value, str) else value
    if not isinstance(value, bool):
        yield from _limits(shape, size, f"{where} is" if not isinstance(value, str) else f"{where} has length", where)
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and (matches := _compiled(pattern)) and not matches.fullmatch(value):
        yield "pattern", f"{where} is {value[:120]!r}, which does not match {pattern[:200]}"


def _limits(shape: Any, size: float, says: str, where: str) -> Iterator[tuple[str, str]]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield "too-small", f"{says} {size}, at least {low}"
    if high is not None and size > high:
        yield "too-large", f"{says} {size}, at most {high}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the model, which is Java's; None for one that Python has no equal of."""
    java = (
        pattern.replace("\\p{L}", "\\w")
        .replace("\\p{N}", "\\d")
        .replace("\\p{Z}", "\\s")
        .replace("\\p{ASCII}", "\\x00-\\x7f")
    )
    java = java.replace("\\u{10000}-\\u{10FFFF}", "").replace("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\U00010000-\U0010ffff")
    ascii_only = 0 if "\\p{" in pattern else re.ASCII  # \w and \d of Java are ASCII
    try:
        return re.compile(java, re.DOTALL | ascii_only)
    except re.error:
        return None
