"""What of an example is in the account, asked service by service: after a destroy there must be nothing."""

from collections.abc import Callable, Iterator
from typing import Any

Client = Callable[[str], Any]


def resources_named(client: Client, begin: str) -> list[str]:
    """Everything whose name begins so, as `service name`. KMS keys are left out: AWS only schedules their deletion."""
    return sorted(f"{service} {name}" for service, name in _all(client) if name.startswith(begin))


def _all(client: Client) -> Iterator[tuple[str, str]]:
    for service, operation, path in (
        ("sns", "list_topics", "Topics[].TopicArn"),
        ("sqs", "list_queues", "QueueUrls[]"),
        ("lambda", "list_functions", "Functions[].FunctionName"),
        ("dynamodb", "list_tables", "TableNames[]"),
        ("apigateway", "get_rest_apis", "items[].name"),
        ("logs", "describe_log_groups", "logGroups[].logGroupName"),
        ("iam", "list_roles", "Roles[].RoleName"),
        ("glue", "get_databases", "DatabaseList[].Name"),
    ):
        for page in client(service).get_paginator(operation).paginate():
            yield from ((service, _last(name)) for name in _found(page, path))
    once = {
        "s3": [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]],
        "firehose": client("firehose").list_delivery_streams(Limit=10_000)["DeliveryStreamNames"],
        "athena": [group["Name"] for group in client("athena").list_work_groups()["WorkGroups"]],
    }
    yield from ((service, name) for service, names in once.items() for name in names)
    mappings = client("lambda").get_paginator("list_event_source_mappings").paginate()
    yield from (
        ("mapping", _last(found["EventSourceArn"])) for page in mappings for found in page["EventSourceMappings"]
    )


def _found(page: dict[str, Any], path: str) -> list[str]:
    """The names in one page: `Topics[].TopicArn` is the member TopicArn of each of Topics."""
    member, _, attribute = path.partition("[]")
    return [entry[attribute.removeprefix(".")] if attribute else entry for entry in page.get(member, [])]


def _last(name: str) -> str:
    """The last part of an ARN, URL or path."""
    return name.rpartition(":")[2].rpartition("/")[2]
