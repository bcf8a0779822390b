"""What a change of each input does to what stands: the rows of docs/changes.md; test_changes.py holds them to plans."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.terraform.example_inputs import BUCKET, DOMAIN, FUNCTION, KEY, LEAST, ON_CALL, QUEUE, VPC

STORES = {
    "aws_sqs_queue": "the queues and the events in them",
    "aws_kinesis_firehose_delivery_stream": "the delivery stream and what is in its buffer",
    "aws_opensearch_domain": "the domain and its documents",
    "aws_s3_bucket": "the module's own bucket and its objects",
}
"""Kinds that hold data, and what goes with one."""
HARMLESS = {
    "aws_sns_topic_subscription": "the subscription",
    "aws_iam_role": "the roles",
    "aws_iam_role_policy": "their policies",
    "aws_athena_workgroup": "the Athena workgroup with its history of queries",
    "aws_athena_named_query": "the named queries",
    "aws_glue_catalog_database": "the Glue database (metadata)",
    "aws_glue_catalog_table": "the Glue table (metadata)",
    "aws_lambda_function": "the functions",
    "aws_cloudwatch_log_group": "the log groups with their logs",
    "aws_lambda_invocation": "what the module keeps in the domain (template, alias, policy)",
    "aws_sfn_state_machine": "the state machine, and a replay that runs ends",
    "aws_ssm_parameter": "the parameter",
    "aws_cloudwatch_metric_alarm": "the alarms",
}
"""Kinds that can be replaced or removed without a loss of events."""

_REFUSED = {
    "aws_sqs_queue": "The new name would replace the queues of",
    "aws_kinesis_firehose_delivery_stream": "This change would replace the delivery stream",
    "aws_opensearch_domain": "This change would replace or remove the domain",
    "aws_s3_bucket": "This change would remove the module's own bucket",
}
_REMOVED = {
    "aws_sqs_queue": "This change would remove the queue of",
    "aws_kinesis_firehose_delivery_stream": "This change would remove delivery streams",
}
FORK, BACKUP, SEARCH, REPLAY, ROOT = "fork", "storage-backup", "search-analytics", "replay", "root"
ALL = (FORK, BACKUP, SEARCH, REPLAY)
STREAMS = (BACKUP, SEARCH)
STREAM_ARN = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"


@dataclass(frozen=True)
class Row:
    """A change of one input, and what it does."""

    input: str
    """As the page names it: the input, or one attribute of it."""
    modules: tuple[str, ...]
    to: dict[str, Any]
    since: dict[str, Any] = field(default_factory=dict)
    """What the input was, and what is needed beside it."""
    replaces: tuple[str, ...] = ()
    """Kinds of resources; with a store among them only the stores."""
    removes: tuple[str, ...] = ()
    which: str = ""
    """Which change of the input is meant, where there are several."""
    guarded: bool = False
    """Whether a plan is refused unless `replace_stores` has a new text."""
    nothing: bool = False
    how: str = ""
    """What else to know of it."""

    def before(self, module: str) -> dict[str, Any]:
        """The call that stands."""
        usual = {"topic_arn": TOPIC} if module == ROOT else {"name": "orders", "topic_arn": TOPIC}
        return {"module": module, **usual, **LEAST.get(module, {}), **self.since}

    def after(self, module: str) -> dict[str, Any]:
        """The call with the change, and the permission where it needs one."""
        return {**self.before(module), **({"replace_stores": "moved"} if self.guarded else {}), **self.to}

    @property
    def in_place(self) -> bool:
        """Whether it is an update and nothing else."""
        return not (self.replaces or self.removes or self.guarded or self.nothing)

    def joins(self, other: "Row", module: str) -> bool:
        """Whether both can be changed in one call, and still be told from what replaces something."""
        alike = self.before(module) == other.before(module) and not self.to.keys() & other.to.keys()
        return alike and self.in_place and other.in_place

    def refusals(self) -> list[str]:
        """Words of what is said of a guarded change without the permission. A new name says it of queues and domain."""
        named = ("aws_sqs_queue", "aws_opensearch_domain")
        kinds = [kind for kind in self.stores() if kind in named or "aws_sqs_queue" not in self.replaces]
        words = [_REMOVED.get(kind, _REFUSED[kind]) if kind in self.removes else _REFUSED[kind] for kind in kinds]
        return words or ["This change would leave the"]

    def stores(self) -> list[str]:
        """Kinds of stores that go."""
        return [kind for kind in (*self.replaces, *self.removes) if kind in STORES]


_OWN_BUCKET = "An own bucket that is not empty stops the apply, unless `bucket_force_destroy` was set"
_DEAD_LETTERS_STAY = "The dead-letter queue stays"
_ROLES = ("aws_iam_role", "aws_iam_role_policy")
_STREAM = "aws_kinesis_firehose_delivery_stream"
_PARTITIONS = {"partition_by": {"keys": [{"attribute": "event_type"}]}}
_ADMIN = "arn:aws:iam::123456789012:role/admin"
_NEW_DOMAIN = ("aws_opensearch_domain",)
_ARCHIVE = {"bucket": BUCKET}
_OTHER_BUCKET = {"arn": "arn:aws:s3:::other", "name": "other"}
_OTHER_QUEUE = {key: value.replace("checkout", "shadow") for key, value in QUEUE.items()}

_OF_ALL = [
    Row("name", (FORK, REPLAY), {"name": "payments"}, replaces=("aws_sqs_queue",), guarded=True),
    Row(
        "name",
        (BACKUP,),
        {"name": "payments"},
        replaces=("aws_sqs_queue", _STREAM, "aws_s3_bucket"),
        guarded=True,
        how=_OWN_BUCKET,
    ),
    Row(
        "name",
        (SEARCH,),
        {"name": "payments"},
        replaces=("aws_sqs_queue", _STREAM, "aws_s3_bucket", "aws_opensearch_domain"),
        guarded=True,
    ),
    Row(
        "topic_arn",
        ALL,
        {"topic_arn": TOPIC.replace("orders", "payments")},
        replaces=("aws_sns_topic_subscription",),
        how="Events of the old topic come no more, those in the queue stay",
    ),
    Row(
        "create_subscription",
        ALL,
        {"create_subscription": False},
        removes=("aws_sns_topic_subscription",),
        which="`false`",
        how="Events published until there is another one are missed",
    ),
    Row("filter_policy", ALL, {"filter_policy": '{"event_type": ["order.placed"]}'}),
    Row(
        "filter_policy_scope",
        ALL,
        {"filter_policy_scope": "MessageBody"},
        {"filter_policy": '{"event_type": ["order.placed"]}'},
    ),
    Row("raw_message_delivery", (FORK,), {"raw_message_delivery": True}),
    Row("raw_message_delivery", (REPLAY,), {"raw_message_delivery": False}),
    Row("kms_key", ALL, {"kms_key": KEY}),
    Row(
        "queue",
        (FORK, *STREAMS),
        {"queue": {"message_retention_seconds": 86400, "visibility_timeout_seconds": 900, "max_receive_count": 9}},
        how="A shorter retention deletes older events",
    ),
    Row("queue", (REPLAY,), {"queue": {"visibility_timeout_seconds": 900, "max_receive_count": 9}}),
    Row(
        "dead_letter_queue",
        (FORK, *STREAMS),
        {"dead_letter_queue": {"message_retention_seconds": 600000, "only_from_queue": False}},
    ),
    Row(
        "dead_letter_queue",
        (REPLAY,),
        {"dead_letter_queue": {"message_retention_seconds": 600000, "only_from_queue": False}},
        {"retention_seconds": 600000},
    ),
    Row("max_message_bytes", ALL, {"max_message_bytes": 65536}),
    Row("undelivered_queue", ALL, {"undelivered_queue": {"arn": QUEUE["arn"] + ".fifo"}}),
    Row("replace_stores", ALL, {"replace_stores": "moved"}, nothing=True),
    Row("description", (FORK,), {"description": "Audit log"}),
    Row("handler", (FORK,), {"handler": "audit.handler"}),
    Row("layers", (FORK,), {"layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:ours:3"]}),
    Row("policy_statements", (FORK,), {"policy_statements": [{"actions": ["s3:GetObject"], "resources": ["*"]}]}),
    Row(
        "function",
        ALL,
        {
            "function": {
                "memory_size": 1024,
                "timeout_seconds": 30,
                "runtime": "python3.12",
                "architecture": "x86_64",
                "reserved_concurrency": 5,
            }
        },
    ),
    Row(
        "lambda_package",
        ALL,
        {
            "lambda_package": {
                "s3_bucket": "builds",
                "s3_key": "fork.zip",
                "s3_object_version": "1",
                "source_code_hash": "x",
            }
        },
    ),
    Row(
        "lambda_package",
        ALL,
        {"lambda_package": {"filename": "moved/fork.zip", "source_code_hash": "x"}},
        {"lambda_package": {"filename": "fork.zip", "source_code_hash": "x"}},
        nothing=True,
        which="another `filename` with the same content",
    ),
    Row("powertools_layer_arn", ALL, {"powertools_layer_arn": "arn:aws:lambda:eu-west-1:123456789012:layer:tools:1"}),
    Row("environment_variables", ALL, {"environment_variables": {"STAGE": "test"}}),
    Row("tracing", ALL, {"tracing": True}),
    Row("dashboard", ALL, {"dashboard": True}),
    Row(
        "ingest",
        (FORK,),
        {"ingest": "direct", "stream_arn": STREAM_ARN},
        removes=("aws_sqs_queue",),
        guarded=True,
        which="`direct`",
        how=_DEAD_LETTERS_STAY,
    ),
    Row(
        "stream_arn",
        (FORK,),
        {"stream_arn": STREAM_ARN},
        {"ingest": "direct", "stream_arn": f"{STREAM_ARN}-before"},
        replaces=("aws_sns_topic_subscription",),
    ),
    Row(
        "delivery",
        (FORK,),
        {"delivery": {"name": "other", "more_names": ["other-stream-2"], "destination": "S3"}},
        {"dashboard": True},
    ),
    Row("function_vpc", ALL, {"function_vpc": VPC}),
    Row("log_level", ALL, {"log_level": "DEBUG"}),
    Row("log_retention_days", ALL, {"log_retention_days": 7}, how="Fewer days delete older logs"),
    Row("log_kms_key", ALL, {"log_kms_key": KEY}),
    Row("roles.permissions_boundary", ALL, {"roles": {"permissions_boundary": "arn:aws:iam::123456789012:policy/all"}}),
    Row(
        "roles.path",
        ALL,
        {"roles": {"path": "/forks/"}},
        replaces=_ROLES,
        how="Policies of keys, buckets and queues elsewhere that name a role must name the new one",
    ),
    Row(
        "roles.path",
        (SEARCH,),
        {"roles": {"path": "/forks/"}},
        {"vpc": VPC},
        replaces=(_STREAM,),
        guarded=True,
        which="with `vpc`",
    ),
    Row(
        "event_source_mapping",
        (FORK, *STREAMS),
        {
            "event_source_mapping": {
                "batch_size": 100,
                "maximum_batching_window_seconds": 9,
                "maximum_concurrency": 5,
                "enabled": False,
            }
        },
    ),
    Row(
        "event_source_mapping",
        (REPLAY,),
        {
            "event_source_mapping": {
                "batch_size": 100,
                "maximum_batching_window_seconds": 9,
                "maximum_concurrency": 5,
            }
        },
    ),
    Row("event_source_mapping", ALL, {"event_source_mapping": {"provisioned_pollers": {"minimum": 2, "maximum": 9}}}),
    Row("alarms", (FORK,), {"alarms": {"actions": [ON_CALL], "oldest_message_age_seconds": 60}}),
    Row(
        "alarms",
        STREAMS,
        {"alarms": {"actions": [ON_CALL], "oldest_message_age_seconds": 60, "delivery_delay_seconds": 9999}},
    ),
    Row("alarms", (REPLAY,), {"alarms": {"actions": [ON_CALL]}}),
    Row("alarms", ALL, {"alarms": {"actions": [], "silent": True}}, {"alarms": {"actions": [ON_CALL]}}),
    Row(
        "alarms",
        ALL,
        {"alarms": None},
        {"alarms": {"actions": [ON_CALL]}},
        removes=("aws_cloudwatch_metric_alarm",),
        which="`null`",
    ),
    Row("tags", ALL, {"tags": {"team": "shop"}}),
]
_OF_STREAMS = [
    Row("redact", STREAMS, {"redact": [{"path": "$.card"}]}, how="What is stored already stays as it is"),
    Row("buffering", STREAMS, {"buffering": {"interval_seconds": 60, "size_mib": 9}}),
    Row("stream_count", STREAMS, {"stream_count": 3}, guarded=True, which="more"),
    Row(
        "stream_count",
        STREAMS,
        {"stream_count": 2},
        {"stream_count": 3},
        removes=(_STREAM,),
        guarded=True,
        which="fewer",
        how="The first streams stay",
    ),
    Row("prefix", STREAMS, {"prefix": "orders/"}, how="Objects that are there stay under the old prefix"),
    Row("compression", STREAMS, {"compression": "UNCOMPRESSED"}),
    Row(
        "transformation_function",
        STREAMS,
        {"transformation_function": {**FUNCTION, "buffer_size_mib": 2, "buffer_interval_seconds": 9, "retries": 1}},
    ),
    Row(
        "bucket",
        STREAMS,
        {"bucket": BUCKET},
        removes=("aws_s3_bucket",),
        guarded=True,
        which="from `null` to a bucket",
        how=_OWN_BUCKET,
    ),
    Row("bucket", STREAMS, {"bucket": None}, {"bucket": BUCKET}, guarded=True, which="from a bucket to `null`"),
    Row("bucket", STREAMS, {"bucket": _OTHER_BUCKET}, {"bucket": BUCKET}, which="from one bucket to another"),
    Row("bucket_kms_key", STREAMS, {"bucket_kms_key": KEY}, how="Objects that are there keep the old key"),
    Row("bucket_force_destroy", STREAMS, {"bucket_force_destroy": True}),
    Row(
        "lifecycle_rules",
        STREAMS,
        {"lifecycle_rules": [{"id": "old", "expiration_days": 30}]},
        how="Old objects expire",
    ),
]
_OF_BACKUP = [
    Row(
        "ingest",
        (BACKUP,),
        {"ingest": "direct"},
        removes=("aws_sqs_queue",),
        guarded=True,
        which="`direct`",
        how=_DEAD_LETTERS_STAY,
    ),
    Row("record_format", (BACKUP,), {"record_format": "raw"}),
    Row("pack_records", (BACKUP,), {"pack_records": False}),
    Row("compress_records", (BACKUP,), {"compress_records": False}),
    Row("partition_by", (BACKUP,), _PARTITIONS, replaces=(_STREAM,), guarded=True, which="turned on"),
    Row(
        "partition_by",
        (BACKUP,),
        {"partition_by": None},
        _PARTITIONS,
        replaces=(_STREAM,),
        guarded=True,
        which="turned off",
    ),
    Row(
        "partition_by",
        (BACKUP,),
        {"partition_by": {"keys": [{"body": ".kind"}], "retry_duration_seconds": 60}},
        _PARTITIONS,
        which="other keys",
    ),
    Row(
        "format",
        (BACKUP,),
        {"format": "parquet", "buffering": {"size_mib": 64}},
        {"athena": {}, "buffering": {"size_mib": 64}},
        how="The table reads one format: objects that are there cannot be queried",
    ),
    Row(
        "athena",
        (BACKUP,),
        {"athena": {"first_date": "2026-01-01", "bytes_scanned_limit": 10485760}},
        {"athena": {}},
        which="`first_date`, `bytes_scanned_limit`",
    ),
    Row(
        "athena.event_type_attribute",
        (BACKUP,),
        {"athena": {"event_type_attribute": "kind"}},
        {"athena": {}},
        replaces=("aws_athena_named_query",),
    ),
    Row(
        "athena",
        (BACKUP,),
        {"athena": {"results_location": "s3://results/"}},
        {"athena": {}},
        which="`results_location`",
    ),
    Row(
        "athena.table_name",
        (BACKUP,),
        {"athena": {"table_name": "all"}},
        {"athena": {}},
        replaces=("aws_glue_catalog_table", "aws_athena_named_query"),
    ),
    Row(
        "athena.workgroup",
        (BACKUP,),
        {"athena": {"workgroup": {"name": "ours"}}},
        {"athena": {}},
        replaces=("aws_athena_named_query",),
        removes=("aws_athena_workgroup",),
    ),
    Row(
        "athena.database",
        (BACKUP,),
        {"athena": {"database": {"name": "ours"}}},
        {"athena": {}},
        replaces=("aws_glue_catalog_table", "aws_athena_named_query"),
        removes=("aws_glue_catalog_database",),
    ),
    Row(
        "athena",
        (BACKUP,),
        {"athena": None},
        {"athena": {}},
        removes=(
            "aws_athena_workgroup",
            "aws_athena_named_query",
            "aws_glue_catalog_database",
            "aws_glue_catalog_table",
        ),
        which="`null`",
    ),
]
_OF_SEARCH = [
    Row("event_type_attribute", (SEARCH,), {"event_type_attribute": "kind"}),
    Row("index_name", (SEARCH,), {"index_name": "sales"}, how="Documents that are there stay in the old index"),
    Row(
        "index_management",
        (SEARCH,),
        {
            "index_management": {
                "mappings": '{"properties": {"due": {"type": "keyword"}}}',
                "settings": '{"index": {"number_of_shards": 2}}',
                "priority": 200,
                "alias": "all-orders",
                "retention_days": 90,
                "dashboards": {"numbers": ["amount"]},
                "map_delivery_role": True,
                "credentials_secret": {"arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-AbCdEf"},
            }
        },
        how="Indices that are there keep their mappings and settings",
    ),
    Row(
        "index_management",
        (SEARCH,),
        {"index_management": {"enabled": False}},
        removes=("aws_cloudwatch_log_group", *_ROLES, "aws_lambda_function", "aws_lambda_invocation"),
        which="`enabled = false`",
    ),
    Row("index_rotation_period", (SEARCH,), {"index_rotation_period": "OneWeek"}),
    Row("document_id", (SEARCH,), {"document_id": "NO_DOCUMENT_ID"}),
    Row("retry_duration_seconds", (SEARCH,), {"retry_duration_seconds": 60}),
    Row("s3_backup_mode", (SEARCH,), {"s3_backup_mode": "AllDocuments"}, replaces=(_STREAM,), guarded=True),
    Row(
        "vpc",
        (SEARCH,),
        {"vpc": VPC},
        replaces=(_STREAM, *_NEW_DOMAIN),
        guarded=True,
        which="with a domain of the module",
    ),
    Row("vpc", (SEARCH,), {"vpc": VPC}, {"domain": DOMAIN}, replaces=(_STREAM,), guarded=True, which="with `domain`"),
    Row("domain", (SEARCH,), {"domain": DOMAIN}, removes=_NEW_DOMAIN, guarded=True, which="from `null` to a domain"),
    Row("domain", (SEARCH,), {"domain": None}, {"domain": DOMAIN}, guarded=True, which="from a domain to `null`"),
    Row(
        "domain",
        (SEARCH,),
        {"domain": {key: value.replace("shared", "logs") for key, value in DOMAIN.items()}},
        {"domain": DOMAIN},
        which="from one domain to another",
        how="Documents stay in the old one",
    ),
    Row("new_domain.name", (SEARCH,), {"new_domain": {"name": "logs"}}, replaces=_NEW_DOMAIN, guarded=True),
    Row("new_domain.kms_key", (SEARCH,), {"new_domain": {"kms_key": KEY}}, replaces=_NEW_DOMAIN, guarded=True),
    Row(
        "new_domain",
        (SEARCH,),
        {
            "new_domain": {
                "engine_version": "OpenSearch_3.1",
                "instance_type": "r7g.large.search",
                "instance_count": 3,
                "zone_count": 3,
                "master_type": "m7g.large.search",
                "master_count": 5,
                "volume_size_gib": 50,
                "access_principal_arns": [_ADMIN],
                "logs": ["application"],
                "given": True,
            }
        },
        which="all other attributes",
    ),
    Row(
        "new_domain.engine_version",
        (SEARCH,),
        {"new_domain": {"engine_version": "OpenSearch_2.17"}},
        replaces=_NEW_DOMAIN,
        which="to a version that AWS does not upgrade the old one to",
        how="Only the plan shows it, nothing refuses it",
    ),
    Row(
        "new_domain.master_user_arn",
        (SEARCH,),
        {"new_domain": {}},
        {"new_domain": {"master_user_arn": _ADMIN}},
        nothing=True,
        which="`null`",
        how="AWS does not turn fine-grained access control off again",
    ),
    Row("new_domain.master_user_arn", (SEARCH,), {"new_domain": {"master_user_arn": _ADMIN}}, which="given"),
]
_OF_REPLAY = [
    Row("retention_seconds", (REPLAY,), {"retention_seconds": 86400}, how="A shorter one deletes older events"),
    Row("enabled", (REPLAY,), {"enabled": True}),
    Row("destination_queue", (REPLAY,), {"destination_queue": {**_OTHER_QUEUE, "kms_key_arn": KEY["arn"]}}),
    Row("replay_id", (REPLAY,), {"replay_id": "heal"}),
    Row(
        "archive",
        (REPLAY,),
        {"archive": {"bucket": _OTHER_BUCKET, "prefix": "orders/", "layout": "yyyy/MM/dd/HH/", "kms_key": KEY}},
        {"archive": _ARCHIVE},
    ),
    Row(
        "archive",
        (REPLAY,),
        {"archive": None},
        {"archive": _ARCHIVE},
        removes=(
            "aws_cloudwatch_log_group",
            *_ROLES,
            "aws_lambda_function",
            "aws_sfn_state_machine",
            "aws_ssm_parameter",
        ),
        which="`null`",
    ),
    Row(
        "targets", (REPLAY,), {"targets": [{**_OTHER_QUEUE, "idempotent": True, "shadow": True}]}, {"archive": _ARCHIVE}
    ),
    Row(
        "archive_worker",
        (REPLAY,),
        {"archive_worker": {"memory_size": 1024, "timeout_seconds": 60}},
        {"archive": _ARCHIVE},
    ),
]

_FORKS: dict[str, dict[str, Any]] = {
    "storage_backups": {"orders-backup": {}},
    "search_analytics": {"orders-search": {"index_name": "orders", "domain": DOMAIN}},
    "replays": {"orders-replay": {"destination_queue": QUEUE}},
}


def _key(forks: str, *stores: str, how: str = "Nothing refuses it") -> Row:
    """A fork under another key."""
    (value,) = _FORKS[forks].values()
    return Row(
        forks,
        (ROOT,),
        {forks: {"payments": value}},
        _FORKS,
        removes=stores,
        which="a key that is removed or renamed",
        how=how,
    )


_OF_ROOT = [
    Row("dashboard", (ROOT,), {"dashboard": True}, _FORKS),
    _key("storage_backups", "aws_sqs_queue", _STREAM, "aws_s3_bucket"),
    _key(
        "search_analytics",
        "aws_sqs_queue",
        _STREAM,
        "aws_s3_bucket",
        how="A domain of the module goes too, with its documents. Nothing refuses it",
    ),
    _key("replays", "aws_sqs_queue"),
    *(
        Row(
            row.input,
            (ROOT,),
            row.to,
            {**row.since, **_FORKS},
            row.replaces,
            nothing=row.nothing,
            which=row.which,
            how=row.how,
        )
        for row in _OF_ALL
        if row.modules == ALL
        and row.input.partition(".")[0]
        in ("topic_arn", "lambda_package", "powertools_layer_arn", "log_kms_key", "roles", "tags")
    ),
]

ROWS = [*_OF_ALL, *_OF_STREAMS, *_OF_BACKUP, *_OF_SEARCH, *_OF_REPLAY, *_OF_ROOT]


def changes() -> Iterator[tuple[str, Row, str]]:
    """A name for each change of a module's input, its row and the module."""
    for number, row in enumerate(ROWS):
        for module in row.modules:
            yield f"row_{number:03}_{module.replace('-', '_')}", row, module


def calls() -> dict[str, tuple[str, list[Row]]]:
    """Call -> module and rows. What is done in place is changed together, as far as it can be; all else alone."""
    made: dict[str, tuple[str, list[Row]]] = {}
    for name, row, module in changes():
        fitting = (
            call for call, (of, rows) in made.items() if of == module and all(row.joins(each, of) for each in rows)
        )
        made.setdefault(next(fitting, name), (module, []))[1].append(row)
    return made
