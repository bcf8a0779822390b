"""What of a stack is still there: every resource of the backend whose name has a piece of text in it."""

from collections.abc import Callable, Iterator
from typing import Any

Client = Callable[[str], Any]

PAGED = {
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
    "subscription": ("sns", "list_subscriptions", "Subscriptions", "Endpoint"),
    "queue": ("sqs", "list_queues", "QueueUrls", ""),
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "mapping": ("lambda", "list_event_source_mappings", "EventSourceMappings", "EventSourceArn"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "log group": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "table": ("dynamodb", "list_tables", "TableNames", ""),
    "parameter": ("ssm", "describe_parameters", "Parameters", "Name"),
    "state machine": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "database": ("glue", "get_databases", "DatabaseList", "Name"),
}
"""Kind -> service, operation with a paginator, key of the list in its answer, key of the name ("" = the item is it)."""


def leftovers(client: Client, piece: str) -> list[str]:
    """Kind and name of each, sorted; [] after a clean destroy. `client` makes boto3 clients by service name."""
    return sorted(f"{kind} {name}" for kind, name in _everything(client) if piece in name)


def _everything(client: Client) -> Iterator[tuple[str, str]]:
    for kind, (service, operation, items, name) in PAGED.items():
        for page in client(service).get_paginator(operation).paginate():
            yield from ((kind, item[name] if name else item) for item in page.get(items) or [])
    # these have no paginator
    yield from (("bucket", each["Name"]) for each in client("s3").list_buckets()["Buckets"])
    yield from (
        ("stream", name) for name in client("firehose").list_delivery_streams(Limit=10000)["DeliveryStreamNames"]
    )
    yield from (("workgroup", each["Name"]) for each in client("athena").list_work_groups()["WorkGroups"])
