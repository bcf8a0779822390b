"""Each judge finds what it is there for: a fault is put into what was planned, and the judge must name it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance import api_models, cfn_lint, names, planned, policies
from tests.conformance.accepted import ACCEPTED
from tests.conformance.cloudformation import UntranslatedError, translated
from tests.conformance.findings import Finding, outside, stale
from tests.conformance.planning import Resource
from tests.conformance.policies import IDENTITY, ON_RESOURCE, TRUST, Policy

Change = Callable[[dict[str, Any]], Any]


def resource(kind: str, has: str | None = None) -> Resource:
    """A planned resource of that type (with a value for `has`), to be damaged."""
    return next(each for each in planned.resources() if each.type == kind and (has is None or each.values.get(has)))


def damaged(kind: str, change: Change, has: str | None = None) -> Resource:
    whole = resource(kind, has)
    values = copy.deepcopy(whole.values)
    change(values)
    return Resource(whole.address, kind, values)


def put(**new: Any) -> Change:
    return lambda values: values.update(new)


def inside(block: str, **new: Any) -> Change:
    return lambda values: values[block][0].update(new)


SCHEMA_FAULTS: list[tuple[str, str, Change, str | None]] = [
    ("aws_sqs_queue", "MessageRetentionPeriod", put(message_retention_seconds=1_209_601), None),
    ("aws_sqs_queue", "VisibilityTimeout", put(visibility_timeout_seconds=43_201), None),
    ("aws_lambda_function", "Timeout", put(timeout=901), None),
    ("aws_lambda_function", "MemorySize", put(memory_size=64), None),
    ("aws_lambda_function", "Architectures", put(architectures=["arm"]), None),
    ("aws_lambda_function", "Handler", put(handler="a b"), None),
    ("aws_lambda_event_source_mapping", "BatchSize", put(batch_size=10_001), None),
    (
        "aws_lambda_event_source_mapping",
        "MaximumBatchingWindowInSeconds",
        put(maximum_batching_window_in_seconds=301),
        None,
    ),
    ("aws_lambda_event_source_mapping", "MaximumConcurrency", put(scaling_config=[{"maximum_concurrency": 1}]), None),
    ("aws_cloudwatch_log_group", "RetentionInDays", put(retention_in_days=31), None),
    ("aws_cloudwatch_metric_alarm", "ComparisonOperator", put(comparison_operator="GreaterThan"), None),
    ("aws_cloudwatch_metric_alarm", "Statistic", put(statistic="Mean"), None),
    ("aws_iam_role", "RoleName", put(name="r" * 65), None),
    (
        "aws_kinesis_firehose_delivery_stream",
        "IntervalInSeconds",
        inside("extended_s3_configuration", buffering_interval=901),
        "extended_s3_configuration",
    ),
    (
        "aws_kinesis_firehose_delivery_stream",
        "CompressionFormat",
        inside("extended_s3_configuration", compression_format="gzip"),
        "extended_s3_configuration",
    ),
    (
        "aws_kinesis_firehose_delivery_stream",
        "IndexName",
        inside("opensearch_configuration", index_name="i" * 81),
        "opensearch_configuration",
    ),
    ("aws_opensearch_domain", "InstanceType", inside("cluster_config", instance_type="m7g.tiny.search"), None),
    (
        "aws_athena_workgroup",
        "BytesScannedCutoffPerQuery",
        inside("configuration", bytes_scanned_cutoff_per_query=9_999_999),
        None,
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "StorageClass",
        inside("rule", transition=[{"days": 1, "storage_class": "GLACIERIR"}]),
        None,
    ),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        "SSEAlgorithm",
        inside("rule", apply_server_side_encryption_by_default=[{"sse_algorithm": "kms"}]),
        None,
    ),
    ("aws_ssm_parameter", "Tier", put(tier="Basic"), None),
    ("aws_sfn_state_machine", "Level", inside("logging_configuration", level="DEBUG"), None),
    (
        "aws_sfn_state_machine",
        "Definition",
        put(definition='{"StartAt":"A","States":{"A":{"Type":"Pas","End":true}}}'),
        None,
    ),
    (
        "aws_iam_role_policy",
        "PolicyDocument",
        put(policy='{"Version":"2012-10-17","Statement":[{"Effect":"Alow","Action":"s3:*","Resource":"*"}]}'),
        None,
    ),
]


def test_cfn_lint_finds_every_planted_fault() -> None:
    faults = [damaged(kind, change, has) for kind, _, change, has in SCHEMA_FAULTS]
    where = {f"planted_{number}": named for number, (_, named, _, _) in enumerate(SCHEMA_FAULTS)}
    asked = [
        ("eu-west-1", Resource(f"module.planted_{n}.{n}.x", each.type, each.values)) for n, each in enumerate(faults)
    ]
    found = cfn_lint.judge(asked)
    missed = [
        f"{named} of {SCHEMA_FAULTS[number][0]}"
        for number, named in enumerate(where.values())
        if not any(each.where == f"{number}.x" and (named in each.message) for each in found)
    ]
    assert missed == []


def test_cfn_lint_knows_that_an_instance_type_is_not_sold_in_a_region() -> None:
    def instance(values: dict[str, Any]) -> None:
        values["cluster_config"][0]["instance_type"] = "m7g.medium.search"

    domain = damaged("aws_opensearch_domain", instance)
    (found,) = cfn_lint.judge([("eu-west-1", domain), ("ca-west-1", domain)])
    assert found.rule == "E3653"
    assert "ca-west-1" in found.message


def test_an_attribute_that_nobody_translated_is_an_error() -> None:
    with pytest.raises(UntranslatedError, match="new_argument"):
        translated(damaged("aws_sqs_queue", put(new_argument="x")))
    with pytest.raises(UntranslatedError, match="aws_sqs_pipe"):
        translated(Resource("aws_sqs_pipe.x", "aws_sqs_pipe", {}))


API_FAULTS: list[tuple[str, str, Change, str | None]] = [
    ("aws_lambda_function", "Timeout", put(timeout=0), None),
    ("aws_lambda_function", "Runtime", put(runtime="python3.99"), None),
    ("aws_lambda_function", "FunctionName", put(function_name="a b"), None),
    ("aws_lambda_function", "FunctionName", put(function_name="orders-\u00ff"), None),
    ("aws_iam_role", "RoleName", put(name="orders-\u00ff"), None),
    ("aws_iam_role", "Description", put(description="Orders \u2013 all"), None),
    ("aws_iam_role", "Description", put(description="Orders\u0000"), None),
    ("aws_iam_role_policy", "PolicyName", put(name="read\u00fforders"), None),
    ("aws_kinesis_firehose_delivery_stream", "DeliveryStreamName", put(name="orders-\u00ff"), None),
    ("aws_cloudwatch_log_group", "LogGroupName", put(name="/orders-\u00ff"), None),
    ("aws_lambda_event_source_mapping", "BatchSize", put(batch_size=10_001), None),
    (
        "aws_kinesis_firehose_delivery_stream",
        "IndexRotationPeriod",
        inside("opensearch_configuration", index_rotation_period="OneYear"),
        "opensearch_configuration",
    ),
    (
        "aws_kinesis_firehose_delivery_stream",
        "DurationInSeconds",
        inside("opensearch_configuration", retry_duration=7201),
        "opensearch_configuration",
    ),
    ("aws_kinesis_firehose_delivery_stream", "DeliveryStreamName", put(name="a b"), None),
    ("aws_cloudwatch_metric_alarm", "EvaluationPeriods", put(evaluation_periods="3"), None),
    ("aws_iam_role", "RoleName", put(name="r" * 65), None),
    ("aws_glue_catalog_table", "DatabaseName", put(database_name=""), None),
    ("aws_cloudwatch_log_group", "LogGroupName", put(name="/a b"), None),
    ("aws_sfn_state_machine", "StateMachineName", put(name="n" * 81), None),
    ("aws_ssm_parameter", "Tier", put(tier="Basic"), None),
    ("aws_opensearch_domain", "DomainName", put(domain_name="Orders"), None),
]


@pytest.mark.parametrize(("kind", "named", "change", "has"), API_FAULTS, ids=[f"{a}.{b}" for a, b, _, _ in API_FAULTS])
def test_the_api_models_find_a_planted_fault(kind: str, named: str, change: Change, has: str | None) -> None:
    found = api_models.judge([damaged(kind, change, has)])
    assert any(named in each.message for each in found), found


RIGHT_NAMES = {
    "aws_glue_catalog_database": "orders_1",
    "aws_glue_catalog_table": "orders_1",
    "aws_s3_bucket": "orders-1",
}


@pytest.mark.parametrize(("kind", "attribute"), names.NAMES, ids=str)
def test_a_name_that_aws_refuses_is_found(kind: str, attribute: str) -> None:
    def rules(name: str) -> list[str]:
        return [each.rule for each in names.judge([Resource(f"{kind}.x", kind, {attribute: name})])]

    right = RIGHT_NAMES.get(kind, "orders1")
    assert rules(right) == []
    planted = "\u0007" if "alarm" in kind else "*" if "stream" in kind else "\u00ff"
    assert rules(right + planted) == rules(right * 200) == rules("") == ["name"]


def statement(**new: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-west-1:123456789012:orders",
        **new,
    }


def policy(kind: str, *statements: dict[str, Any], version: str = "2012-10-17") -> Policy:
    return Policy("x.y", kind, json.dumps({"Version": version, "Statement": list(statements)}))


TRUSTED = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
GRAMMAR_FAULTS = {
    "an action without service": policy(IDENTITY, statement(Action="SendMessage")),
    "a resource that is no ARN": policy(IDENTITY, statement(Resource="myqueue")),
    "a wrong version": policy(IDENTITY, statement(), version="2012-10-18"),
    "an unknown condition operator": policy(IDENTITY, statement(Condition={"StringIs": {"aws:SourceArn": "x"}})),
    "a principal in an identity policy": policy(IDENTITY, statement(Principal="*")),
    "a wrong effect": policy(IDENTITY, statement(Effect="Alow")),
    "one sid twice": policy(IDENTITY, statement(Sid="A"), statement(Sid="A")),
    "a sid with a blank": policy(IDENTITY, statement(Sid="A B")),
    "too many characters": policy(
        IDENTITY, *(statement(Sid=f"S{n}", Resource="arn:aws:sqs:*:*:" + "q" * 80) for n in range(80))
    ),
    "a trust policy with a resource": policy(TRUST, TRUSTED | {"Resource": "*"}),
    "a trust policy without a principal": policy(TRUST, {k: v for k, v in TRUSTED.items() if k != "Principal"}),
    "a service that is misspelt in a trust policy": policy(
        TRUST, TRUSTED | {"Principal": {"Service": "lamda.amazonaws.com"}}
    ),
    "a service with a Region that is none": policy(
        TRUST, TRUSTED | {"Principal": {"Service": "lambda.eu.amazonaws.com"}}
    ),
    "a service of another domain": policy(TRUST, TRUSTED | {"Principal": {"Service": "lambda.amazonaws.co"}}),
    "one of two services that is misspelt": policy(
        TRUST, TRUSTED | {"Principal": {"Service": ["lambda.amazonaws.com", "firehoses.amazonaws.com"]}}
    ),
    "a service that is misspelt on a resource": policy(
        ON_RESOURCE, statement(Principal={"Service": "sns.amazonaws.comm"})
    ),
    "an account of eleven digits": policy(ON_RESOURCE, statement(Principal={"AWS": "arn:aws:iam::12345678901:root"})),
    "a role without a name": policy(ON_RESOURCE, statement(Principal={"AWS": "arn:aws:iam::123456789012:role/"})),
    "a service that is misspelt in a key's condition": policy(
        IDENTITY,
        statement(
            Action="kms:Decrypt",
            Resource="arn:aws:kms:eu-west-1:123456789012:key/1",
            Condition={"StringEquals": {"kms:ViaService": "sqss.eu-west-1.amazonaws.com"}},
        ),
    ),
    "one sid twice on a resource": policy(
        ON_RESOURCE, statement(Sid="A", Principal="*"), statement(Sid="A", Principal="*")
    ),
}


@pytest.mark.parametrize("fault", GRAMMAR_FAULTS)
def test_the_grammar_of_policies_finds_a_planted_fault(fault: str) -> None:
    assert list(policies.grammar([GRAMMAR_FAULTS[fault]])) != []


def test_right_policies_have_nothing_against_the_grammar() -> None:
    abroad = statement(Principal={"Service": ["sns.eu-south-1.amazonaws.com", "sns.amazonaws.com"]})
    ours = statement(Principal={"AWS": ["arn:aws-cn:iam::123456789012:role/ops/admin", "123456789012"]})
    right = [policy(IDENTITY, statement()), policy(TRUST, TRUSTED), policy(ON_RESOURCE, abroad, ours)]
    assert list(policies.grammar(right)) == []


@pytest.mark.parametrize("principal", ["event.amazonaws.com", "events.amazonaws.com"])
def test_a_permission_of_a_function_is_a_policy_too(principal: str) -> None:
    values = {"function_name": "orders", "principal": principal, "action": "lambda:InvokeFunction"}
    found = policies.policies([Resource("aws_lambda_permission.x", "aws_lambda_permission", values)])
    assert [each.rule for each in policies.grammar(found)] == (["service"] if principal.startswith("event.") else [])


@pytest.mark.parametrize("service", ["lambda", "sns"])
def test_a_role_that_does_not_trust_who_is_given_it_is_found(service: str) -> None:
    trust = TRUSTED | {"Principal": {"Service": f"{service}.amazonaws.com"}}
    role = {"arn": "arn:aws:iam::123456789012:role/orders", "assume_role_policy": policy(TRUST, trust).text}
    function = {"role": "arn:aws:iam::123456789012:role/orders"}
    resources = [
        Resource("aws_iam_role.x", "aws_iam_role", role),
        Resource("aws_lambda_function.x", "aws_lambda_function", function),
    ]
    assert [each.rule for each in policies.trusted(resources)] == ([] if service == "lambda" else ["trust"])


ACTION_FAULTS = {
    "UNKNOWN_ACTION": policy(IDENTITY, statement(Action="sqs:SendMessages")),
    "RESOURCE_MISMATCH": policy(IDENTITY, statement(Resource="arn:aws:s3:::orders/*")),
    "UNKNOWN_PREFIX": policy(IDENTITY, statement(Action="sqss:SendMessage")),
    "UNKNOWN_CONDITION_FOR_ACTION": policy(IDENTITY, statement(Condition={"StringEquals": {"s3:prefix": "x"}})),
    "RESOURCE_STAR": policy(IDENTITY, statement(Resource="*")),
}


def test_parliament_finds_every_planted_fault() -> None:
    faults = [Policy(rule, each.kind, each.text) for rule, each in ACTION_FAULTS.items()]
    found = {
        (each.where, each.rule) for each in policies.actions([*faults, policy(ON_RESOURCE, statement(Principal="*"))])
    }
    assert found == {(rule, rule) for rule in ACTION_FAULTS}
    misspelt = [
        policy(TRUST, TRUSTED | {"Action": "sts:AssumeRoles"}),
        policy(TRUST, TRUSTED | {"Condition": {"StringEquals": {"aws:SourceAcount": "123456789012"}}}),
    ]
    of_trust = policies.actions([*misspelt, policy(TRUST, TRUSTED)])
    assert [each.rule for each in of_trust] == ["UNKNOWN_ACTION", "UNKNOWN_CONDITION_FOR_ACTION"]


def test_a_finding_that_no_entry_covers_is_told_and_an_entry_without_a_finding_too() -> None:
    finding = Finding("parliament", "RESOURCE_STAR", "aws_sqs_queue.orders", "*")
    assert outside([finding, finding], ACCEPTED) == ["parliament RESOURCE_STAR at aws_sqs_queue.orders: * (2 x)"]
    assert stale([finding], ACCEPTED) == ACCEPTED
