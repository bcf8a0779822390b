"""Lengths, patterns, ranges and enumerations of AWS's models: correction model_constraints."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_aws.functions import Functions

from testbench import Bench

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    }
)
ALARM = {"EvaluationPeriods": 1, "Threshold": 1, "MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum"}

TOO_MUCH: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "create_role", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": TRUST}),
    ("iam", "create_role", {"RoleName": "two words", "AssumeRolePolicyDocument": TRUST}),
    ("iam", "create_role", {"RoleName": "r", "Path": "no-slash", "AssumeRolePolicyDocument": TRUST}),
    ("iam", "create_role", {"RoleName": "r", "MaxSessionDuration": 43201, "AssumeRolePolicyDocument": TRUST}),
    ("iam", "create_policy", {"PolicyName": "p" * 129, "PolicyDocument": TRUST}),
    ("logs", "create_log_group", {"logGroupName": "g" * 513}),
    ("logs", "create_log_group", {"logGroupName": "two words"}),
    ("logs", "create_log_group", {"logGroupName": "g", "logGroupClass": "CHEAP"}),
    ("stepfunctions", "create_state_machine", {"name": "s" * 81, "definition": "{}", "roleArn": "r"}),
    ("stepfunctions", "create_state_machine", {"name": "s", "definition": "{}", "roleArn": "r", "type": "FAST"}),
    ("cloudwatch", "put_metric_alarm", {"AlarmName": "a" * 256, "ComparisonOperator": "LessThanThreshold", **ALARM}),
    ("cloudwatch", "put_metric_alarm", {"AlarmName": "a", "ComparisonOperator": "LessThan", **ALARM}),
    ("athena", "create_work_group", {"Name": "w" * 129}),
    ("glue", "create_database", {"DatabaseInput": {"Name": "d" * 256}}),
    ("kms", "create_alias", {"AliasName": "alias/two words", "TargetKeyId": "k"}),
    ("ssm", "put_parameter", {"Name": "p", "Value": "v", "Type": "Text"}),
]


@pytest.mark.parametrize(("service", "operation", "request_"), TOO_MUCH, ids=lambda value: str(value)[:60])
def test_what_breaks_the_services_model_is_refused(
    bench: Bench, service: str, operation: str, request_: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=r"1 validation error detected: Value .* failed to satisfy constraint"):
        getattr(bench.client(service), operation)(**request_)


@pytest.fixture(scope="module")
def functions(bench: Bench) -> Functions:
    return Functions(bench)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("Description", "d" * 257),
        ("handler", "h" * 129),
        ("Timeout", 5401),
        ("Runtime", "python2.8"),
        ("MemorySize", 32769),
    ],
)
def test_a_functions_setting_that_breaks_the_model_is_refused(functions: Functions, setting: str, value: Any) -> None:
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        functions.make(**{setting: value})


def test_several_faults_are_told_together(bench: Bench) -> None:
    with pytest.raises(ClientError, match=r"2 validation errors detected.*'path'.*; .*'roleName'"):
        bench.client("iam").create_role(RoleName="r" * 65, Path="x", AssumeRolePolicyDocument=TRUST)
