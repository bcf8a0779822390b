"""Lengths, patterns, ranges and enumerations of AWS's models: correction model_constraints."""

import json
from typing import Any

import pytest
from botocore.config import Config
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
    ("ssm", "put_parameter", {"Name": "p", "Type": "String"}),
    ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": f"k{number}", "Value": "v"} for number in range(51)]}),
    ("logs", "put_retention_policy", {"logGroupName": "g"}),
    ("cloudwatch", "put_metric_data", {"Namespace": "n" * 256, "MetricData": [{"MetricName": "m", "Value": 1}]}),
    ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Unit": "Pieces"}]}),
    ("cloudwatch", "set_alarm_state", {"AlarmName": "a", "StateValue": "RED", "StateReason": "r"}),
]


@pytest.mark.parametrize(("service", "operation", "request_"), TOO_MUCH, ids=lambda value: str(value)[:60])
def test_what_breaks_the_services_model_is_refused(
    bench: Bench, service: str, operation: str, request_: dict[str, Any]
) -> None:
    client = bench.client(service, config=Config(parameter_validation=False))
    with pytest.raises(ClientError, match=r"1 validation error detected: Value .* failed to satisfy constraint"):
        getattr(client, operation)(**request_)


@pytest.fixture(scope="module")
def functions(bench: Bench) -> Functions:
    return Functions(bench)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("Description", "d" * 257),
        ("handler", "h" * 129),
        ("Timeout", 901),
        ("Runtime", "python2.8"),
        ("MemorySize", 10_241),
        ("EphemeralStorage", {"Size": 10_241}),
    ],
)
def test_a_functions_setting_that_breaks_the_model_is_refused(functions: Functions, setting: str, value: Any) -> None:
    with pytest.raises(ClientError, match="failed to satisfy constraint"):
        functions.make(**{setting: value})


def test_a_functions_code_aliases_and_versions_are_what_is_there(bench: Bench, functions: Functions) -> None:
    client, made = bench.client("lambda"), functions.make()
    role = client.get_function_configuration(FunctionName=made)["Role"]
    settings = {"FunctionName": "none", "Role": role, "Runtime": "python3.13", "Handler": "app.handler"}
    for code in ({}, {"S3Bucket": "bucket"}, {"ZipFile": b"PK", "S3Bucket": "bucket", "S3Key": "k"}):
        with pytest.raises(ClientError, match="InvalidParameterValueException"):
            client.create_function(**settings, Code=code)
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        client.create_function(FunctionName="none", Role=role, Code={"ZipFile": b"PK"})
    with pytest.raises(ClientError, match="Log level can only be set"):
        client.update_function_configuration(
            FunctionName=made, LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "INFO"}
        )
    for name in ("12", "two words"):
        with pytest.raises(ClientError, match="failed to satisfy constraint"):
            client.create_alias(FunctionName=made, Name=name, FunctionVersion="$LATEST")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.create_alias(FunctionName=made, Name="live", FunctionVersion="99")
    with pytest.raises(ClientError, match="CodeSHA256"):
        client.publish_version(FunctionName=made, CodeSha256="other")
    with pytest.raises(ClientError, match="cannot be deleted"):
        client.delete_function(FunctionName=made, Qualifier="$LATEST")
    assert client.get_function_configuration(FunctionName=made)["FunctionName"] == made


PARAMETERS = {
    "above the standard tier": {"Value": "v" * 4097},
    "above the advanced tier": {"Value": "v" * 8193, "Tier": "Advanced"},
    "a blank": {"Name": "two words"},
    "a slash that is not first": {"Name": "a/b"},
    "too deep": {"Name": "/a" * 16},
    "another one inside": {"Value": "{{ssm:other}}"},
    "against its pattern": {"AllowedPattern": r"\d+"},
    "a key for what is no secret": {"KeyId": "alias/aws/ssm"},
    "a reserved tag": {"Tags": [{"Key": "aws:k", "Value": "v"}]},
}


@pytest.mark.parametrize("wrong", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_a_parameter_that_ssm_does_not_take_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        bench.client("ssm").put_parameter(**{"Name": "/constraints/p", "Value": "v", "Type": "String", **wrong})


def test_a_parameter_may_have_what_its_tier_holds(bench: Bench) -> None:
    ssm = bench.client("ssm")
    ssm.put_parameter(Name="/constraints/standard", Value="v" * 4096, Type="String")
    ssm.put_parameter(Name="/constraints/advanced", Value="v" * 8192, Type="SecureString", Tier="Advanced")


STAT = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
QUERY = {"Id": "m", "MetricStat": STAT, "ReturnData": False}
EXPRESSION = {"Id": "e", "Expression": "m * 2"}
ALARMS: dict[str, dict[str, Any]] = {
    "no statistic": {"Statistic": None},
    "two statistics": {"ExtendedStatistic": "p99"},
    "a percentile above all": {"Statistic": None, "ExtendedStatistic": "p101"},
    "no threshold": {"Threshold": None},
    "no metric": {"MetricName": None},
    "two dimensions of one name": {"Dimensions": [{"Name": "d", "Value": "a"}, {"Name": "d", "Value": "b"}]},
    "a metric beside expressions": {"Metrics": [EXPRESSION, QUERY]},
    "an id in capitals": {"Metrics": [{**QUERY, "Id": "M", "ReturnData": True}]},
    "two of one id": {"Metrics": [EXPRESSION, QUERY, QUERY]},
    "two answers": {"Metrics": [EXPRESSION, {**QUERY, "ReturnData": True}]},
    "no answer": {"Metrics": [QUERY]},
    "an expression of what is not there": {"Metrics": [{**EXPRESSION, "Expression": "m / n"}, QUERY]},
    "neither metric nor expression": {"Metrics": [{"Id": "e"}]},
}


@pytest.mark.parametrize("wrong", ALARMS.values(), ids=ALARMS.keys())
def test_an_alarm_that_cloudwatch_does_not_take_is_refused(bench: Bench, wrong: dict[str, Any]) -> None:
    single = {} if "Metrics" in wrong and wrong["Metrics"] != [EXPRESSION, QUERY] else ALARM
    several = {"EvaluationPeriods": 1, "Threshold": 1}
    put_alarm = bench.client("cloudwatch").put_metric_alarm
    given = {"AlarmName": "wrong", "ComparisonOperator": "LessThanThreshold", **several, **single, **wrong}
    with pytest.raises(ClientError, match="ValidationError"):
        put_alarm(**{name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize(
    "metrics",
    [
        [EXPRESSION, QUERY],
        [{"Id": "e", "Expression": "IF(m > 1, FILL(m, 0), 0) + SUM(METRICS('m'))"}, QUERY],
        [{"Id": "q", "Expression": "SELECT AVG(x) FROM \"n\" WHERE a = 'b'"}],
    ],
)
def test_an_alarm_on_an_expression_is_taken(bench: Bench, metrics: list[dict[str, Any]]) -> None:
    bench.client("cloudwatch").put_metric_alarm(
        AlarmName="right", ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, Threshold=1, Metrics=metrics
    )


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("d", "{"),
        ("d", "[]"),
        ("two words", '{"widgets": []}'),
        ("d", '{"widgets": [{"type": "graph", "properties": {}}]}'),
        ("d", '{"widgets": [{"type": "metric"}]}'),
        ("d", '{"widgets": [{"type": "text", "width": 25, "properties": {"markdown": "m"}}]}'),
    ],
)
def test_a_dashboard_that_cloudwatch_does_not_take_is_refused(bench: Bench, name: str, body: str) -> None:
    with pytest.raises(ClientError, match="InvalidParameterInput"):
        bench.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)


def test_several_faults_are_told_together(bench: Bench) -> None:
    with pytest.raises(ClientError, match=r"2 validation errors detected.*'path'.*; .*'roleName'"):
        bench.client("iam").create_role(RoleName="r" * 65, Path="x", AssumeRolePolicyDocument=TRUST)
    iam = bench.client("iam", config=Config(parameter_validation=False))
    with pytest.raises(ClientError, match="2 validation errors detected: Value '' at 'roleName'"):
        iam.create_role(RoleName="", AssumeRolePolicyDocument=TRUST)
