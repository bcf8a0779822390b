"""What a change of an input does to a fork that is there: the source of the page docs/changes.md.

`tests/terraform/test_input_changes.py` plans each of these against a saved state and compares.
"""

from dataclasses import dataclass
from typing import Any

KEY = {"arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
BUCKET = {"arn": "arn:aws:s3:::archive", "name": "archive"}
DOMAIN = {"arn": "arn:aws:es:eu-west-1:123456789012:domain/shared", "endpoint": "search-shared.example.com"}
FUNCTION = {"arn": "arn:aws:lambda:eu-west-1:123456789012:function:redact"}
ON_CALL = "arn:aws:sns:eu-west-1:123456789012:on-call"
QUEUE = {
    "arn": "arn:aws:sqs:eu-west-1:123456789012:checkout",
    "url": "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout",
}
OTHER_QUEUE = {name: value.replace("checkout", "shadow") for name, value in QUEUE.items()}
VPC = {"subnet_ids": ["subnet-0a1b", "subnet-0a1c"], "security_group_ids": ["sg-0a1b"]}
OTHER_VPC = {"subnet_ids": ["subnet-0a1d", "subnet-0a1e"], "security_group_ids": ["sg-0a1c"]}

STORES = {
    "aws_sqs_queue": "queue",
    "aws_kinesis_firehose_delivery_stream": "delivery stream",
    "aws_opensearch_domain": "domain",
    "aws_s3_bucket": "bucket",
}
"""Resources that hold events, and what the page calls them. Everything else can be made anew without losing one."""


@dataclass(frozen=True)
class InputChange:
    """One change of one input (`input` may name an attribute: `queue.max_receive_count`)."""

    module: str
    input: str
    before: dict[str, Any]
    after: dict[str, Any]
    replaced: tuple[str, ...] = ()
    """Kinds of resources that are made anew or go, sorted."""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.module}: {self.input}"


def _value(path: str, value: Any) -> dict[str, Any]:
    """`queue.max_receive_count`, 3 -> {"queue": {"max_receive_count": 3}}; `targets[]` names a part of a list."""
    name, _, rest = path.partition(".")
    return {name: _value(rest, value) if rest else value}


LEAST: dict[str, dict[str, Any]] = {
    "fork": {"handler": "event_fork.storage_backup.handler"},
    "storage-backup": {},
    "search-analytics": {"index_name": "orders"},
    "replay": {"destination_queue": QUEUE},
}
"""What each module needs beside its name and topic."""

_NAMED_AFTER_THE_FORK = (
    "aws_cloudwatch_log_group",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_lambda_event_source_mapping",
    "aws_lambda_function",
    "aws_sns_topic_subscription",
    "aws_sqs_queue",
)


def _of(module: str, input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
    """A change from one value to another; None = the default. `beside` are inputs that stay."""
    before = {**beside, **({} if old is None else _value(input_, old))}
    after = {**beside, **({} if new is None else _value(input_, new))}
    for name in {*before, *after}:
        shared = beside.get(name)
        if isinstance(shared, dict):
            before[name] = {**shared, **before.get(name, {})}
            after[name] = {**shared, **after.get(name, {})}
    return InputChange(module, input_, before, after, replaced, note)


def _of_every_fork(module: str) -> list[InputChange]:
    """Inputs that all modules have."""

    def of(input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
        return _of(module, input_, old, new, *replaced, note=note, **beside)

    policy = '{"event_type": ["order.placed"]}'
    window = {"maximum_batching_window_seconds": 5}
    return [
        of(
            "create_subscription",
            None,
            False,
            note="The subscription goes: events are lost until another takes its place.",
        ),
        of("filter_policy", None, policy),
        of("filter_policy_scope", None, "MessageBody", filter_policy=policy),
        of("max_message_bytes", None, 131072),
        of("undelivered_queue", None, {"arn": "arn:aws:sqs:eu-west-1:123456789012:undelivered"}),
        of("kms_key", None, KEY),
        of("queue.visibility_timeout_seconds", None, 2000),
        of("queue.max_receive_count", None, 7),
        of("dead_letter_queue.message_retention_seconds", 1209600, 1209599, **_shorter_retention(module)),
        of("dead_letter_queue.only_from_queue", None, False),
        of("lambda_package", None, {"s3_bucket": "builds", "s3_key": "fork.zip"}),
        of("powertools_layer_arn", None, "arn:aws:lambda:eu-west-1:123456789012:layer:powertools:1"),
        of("function.memory_size", None, 1024),
        of("function.timeout_seconds", None, 90),
        of("function.runtime", None, "python3.14"),
        of("function.architecture", None, "x86_64"),
        of("function.reserved_concurrency", None, 50),
        of("environment_variables", None, {"STAGE": "test"}),
        of("log_level", None, "DEBUG"),
        of("log_retention_days", None, 90),
        of("log_kms_key", None, KEY),
        of("event_source_mapping.batch_size", None, 500, event_source_mapping=window),
        of("event_source_mapping.maximum_batching_window_seconds", None, 30),
        of("event_source_mapping.maximum_concurrency", None, 10),
        of("event_source_mapping.provisioned_pollers", None, {"minimum": 2, "maximum": 20}),
        of("alarms", None, {"actions": [ON_CALL]}),
        of("alarms.actions", [], [ON_CALL]),
        of("roles.permissions_boundary", None, "arn:aws:iam::123456789012:policy/boundary"),
        of("roles.path", None, "/forks/", "aws_iam_role", "aws_iam_role_policy"),
        of("tags", None, {"team": "orders"}),
    ]


def _shorter_retention(module: str) -> dict[str, Any]:
    """A dead-letter queue keeps messages no shorter than the queue."""
    return {"retention_seconds": 345600} if module == "replay" else {}


def _of_every_stream(module: str) -> list[InputChange]:
    """Inputs of storage-backup and search-analytics."""

    def of(input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
        return _of(module, input_, old, new, *replaced, note=note, **beside)

    return [
        of("redact", None, [{"path": "$.card"}]),
        of("event_source_mapping.enabled", None, False),
        of("queue.message_retention_seconds", None, 600000),
        of("buffering.interval_seconds", None, 600),
        of("buffering.size_mib", None, 20),
        of("prefix", None, "orders/", note="Objects that are there stay where they are."),
        of("compression", None, "UNCOMPRESSED", note="Objects that are there stay as they are."),
        of("transformation_function", None, FUNCTION),
        of("bucket", None, BUCKET),
        of("bucket_kms_key", None, KEY),
        of("bucket_force_destroy", None, True),
        of("lifecycle_rules", None, [{"id": "old", "expiration_days": 400}]),
        of("alarms.delivery_delay_seconds", 1800, 3600),
        of("alarms.oldest_message_age_seconds", 3600, 0),
    ]


def _of_storage_backup() -> list[InputChange]:
    def of(input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
        return _of("storage-backup", input_, old, new, *replaced, note=note, **beside)

    keys = {"keys": [{"attribute": "event_type"}]}
    return [
        of("name", "orders", "payments"),
        of("record_format", None, "raw"),
        of("pack_records", None, False),
        of("partition_by", None, keys),
        of("partition_by.keys", [{"attribute": "event_type"}], [{"attribute": "shop"}]),
        of("format", None, "parquet", athena={}),
        of("athena", None, {}),
        of("athena.table_name", "events", "orders"),
        of("athena.database", None, {"name": "lake"}, athena={"table_name": "events"}),
        of("athena.workgroup", None, {"name": "lake"}, athena={"table_name": "events"}),
        of("athena.first_date", "2024-01-01", "2025-01-01"),
        of("athena.results_location", None, "s3://results/orders/", athena={"table_name": "events"}),
        of("athena.bytes_scanned_limit", None, 10485760, athena={"table_name": "events"}),
        of("athena.event_type_attribute", "event_type", "kind"),
    ]


def _of_search_analytics() -> list[InputChange]:
    def of(input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
        return _of("search-analytics", input_, old, new, *replaced, note=note, **beside)

    return [
        of("name", "orders", "payments"),
        of("event_type_attribute", None, "kind"),
        of("index_name", "orders", "payments", note="Documents that are there stay in their index."),
        of("index_rotation_period", None, "OneMonth"),
        of("document_id", None, "NO_DOCUMENT_ID"),
        of("retry_duration_seconds", None, 600),
        of("domain", None, DOMAIN),
        of("new_domain.name", None, "logs"),
        of("new_domain.engine_version", "OpenSearch_2.17", "OpenSearch_2.19"),
        of("new_domain.instance_type", None, "r7g.large.search"),
        of("new_domain.instance_count", None, 4),
        of("new_domain.zone_count", None, 1),
        of("new_domain.master_type", None, "m7g.large.search"),
        of("new_domain.master_count", None, 0),
        of("new_domain.volume_size_gib", None, 40),
        of("new_domain.kms_key", None, KEY),
        of("new_domain.master_user_arn", None, "arn:aws:iam::123456789012:role/admin"),
        of("new_domain.access_principal_arns", None, ["arn:aws:iam::123456789012:role/analyst"]),
        of("vpc", None, VPC),
        of("vpc.subnet_ids", VPC["subnet_ids"], OTHER_VPC["subnet_ids"], vpc=VPC),
        of("vpc.security_group_ids", VPC["security_group_ids"], OTHER_VPC["security_group_ids"], vpc=VPC),
        of("roles.path", None, "/forks/", vpc=VPC),
        of("s3_backup_mode", None, "AllDocuments"),
    ]


def _of_replay() -> list[InputChange]:
    def of(input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
        return _of("replay", input_, old, new, *replaced, note=note, **beside)

    archive = {"bucket": BUCKET}
    return [
        of("name", "orders", "payments", archive=archive),
        of("raw_message_delivery", None, False),
        of("retention_seconds", None, 600000),
        of("enabled", None, True),
        of("destination_queue", QUEUE, OTHER_QUEUE),
        of("replay_id", None, "heal-orders"),
        of("archive", None, archive),
        of("archive.prefix", None, "orders/", archive=archive),
        of("archive.kms_key", None, KEY, archive=archive),
        of("targets", None, [OTHER_QUEUE], archive=archive),
        of("archive_worker.memory_size", None, 1024, archive=archive),
        of("archive_worker.timeout_seconds", None, 600, archive=archive),
        of("roles.path", None, "/forks/", archive=archive),
    ]


def _of_fork() -> list[InputChange]:
    def of(input_: str, old: Any, new: Any, *replaced: str, note: str = "", **beside: Any) -> InputChange:
        return _of("fork", input_, old, new, *replaced, note=note, **beside)

    statement = {"actions": ["dynamodb:PutItem"], "resources": ["arn:aws:dynamodb:eu-west-1:123456789012:table/audit"]}
    return [
        of("name", "orders", "payments"),
        of("raw_message_delivery", None, True),
        of("queue.message_retention_seconds", None, 600000),
        of("description", None, "Audit"),
        of("handler", "event_fork.storage_backup.handler", "audit.handler"),
        of("layers", None, ["arn:aws:lambda:eu-west-1:123456789012:layer:ours:3"]),
        of("policy_statements", None, [statement]),
        of("event_source_mapping.enabled", None, False),
        of("alarms.oldest_message_age_seconds", 3600, 0),
    ]


CHANGES = [
    *_of_fork(),
    *_of_every_fork("fork"),
    *_of_storage_backup(),
    *_of_every_fork("storage-backup"),
    *_of_every_stream("storage-backup"),
    *_of_search_analytics(),
    *_of_every_fork("search-analytics"),
    *_of_every_stream("search-analytics"),
    *_of_replay(),
    *_of_every_fork("replay"),
]
