"""Names whose form stands in AWS's pages alone: neither botocore's models nor the resource schemas have a pattern."""

import re
from collections.abc import Iterable, Iterator

from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

_DOCS = "https://docs.aws.amazon.com/"
_GLUE = "athena/latest/ug/tables-databases-columns-names.html"
NAMES: dict[tuple[str, str], tuple[str, str]] = {
    ("aws_api_gateway_stage", "stage_name"): ("[A-Za-z0-9_-]{1,128}", "apigateway/latest/api/API_CreateStage.html"),
    ("aws_cloudwatch_dashboard", "dashboard_name"): (
        "[A-Za-z0-9_-]{1,255}",
        "AmazonCloudWatch/latest/APIReference/API_PutDashboard.html",
    ),
    ("aws_cloudwatch_log_stream", "name"): (
        "[^:*]{1,512}",
        "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html",
    ),
    ("aws_cloudwatch_metric_alarm", "alarm_name"): (
        r"[^\x00-\x1f\x7f]{1,255}",
        "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    ("aws_dynamodb_table", "name"): (
        "[A-Za-z0-9_.-]{3,255}",
        "amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html",
    ),
    ("aws_glue_catalog_database", "name"): ("[a-z0-9_]{1,255}", _GLUE),
    ("aws_glue_catalog_table", "name"): ("[a-z0-9_]{1,255}", _GLUE),
    ("aws_lambda_permission", "statement_id"): ("[A-Za-z0-9_-]{1,100}", "lambda/latest/api/API_AddPermission.html"),
    ("aws_s3_bucket", "bucket"): (
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "AmazonS3/latest/userguide/bucketnamingrules.html",
    ),
    ("aws_sfn_state_machine", "name"): (
        "[A-Za-z0-9_-]{1,80}",  # others are taken, but then it cannot log
        "step-functions/latest/apireference/API_CreateStateMachine.html",
    ),
    ("aws_sns_topic", "name"): (
        r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo",
        "sns/latest/api/API_CreateTopic.html",
    ),
    ("aws_sqs_queue", "name"): (
        r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo",
        "AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html",
    ),
    ("aws_ssm_parameter", "name"): (
        "[A-Za-z0-9_./-]{1,1011}",
        "systems-manager/latest/APIReference/API_PutParameter.html",
    ),
}
"""Type and attribute -> the whole name as a regular expression, and the page."""


def judge(resources: Iterable[Resource]) -> Iterator[Finding]:
    """The names that AWS refuses."""
    for resource in resources:
        for (kind, attribute), (pattern, page) in NAMES.items():
            name = resource.values.get(attribute) if resource.type == kind else None
            if name is not None and not re.fullmatch(pattern, name):
                yield Finding("names", "name", resource.in_module, f"{attribute} {name!r} is none: {_DOCS}{page}")
