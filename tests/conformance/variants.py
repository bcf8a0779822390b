"""Calls of the modules that the judges look at: every example as it is, and generated variants of every module.

Each input has a list of values, limits at their ends among them. Variants are made so that every value occurs at least
once, each time in other company, and each Region of `REGIONS` takes its turn.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance.made_up import ACCOUNT

REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1")
"""The default Region, and one of each other partition."""
PARTITIONS = {"eu-west-1": "aws", "us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"}
SEED = 20261127
VARIANTS = 12
"""Of each module: more than twice the most values that an input has."""

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """A call of a module."""

    module: str
    number: int
    region: str
    inputs: Inputs

    @property
    def name(self) -> str:
        """Of the module block: letters, digits and _."""
        return f"{self.module}_{self.number}".replace("-", "_")


_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:search-admin-a1b2c3"
_FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:transform"
_VPC = {
    "subnet_ids": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
    "security_group_ids": ["sg-0a1b2c3d4e5f60718"],
}
_ON_CALL = [f"arn:aws:sns:eu-west-1:{ACCOUNT}:on-call"]


def _queue(name: str, **more: Any) -> Inputs:
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}"
    return {"arn": arn, "url": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{name}", **more}


_ANY_FORK: dict[str, list[Any]] = {
    "create_subscription": [True, False],
    "filter_policy": [
        None,
        '{"event_type":["order.placed"]}',
        '{"amount":[{"numeric":[">=",100,"<",1000]}],"store":[{"anything-but":["test"]}],"country":[{"prefix":"d"}]}',
    ],
    "filter_policy_scope": ["MessageAttributes", "MessageBody"],
    "kms_key": [None, {"arn": _KEY}],
    "dead_letter_queue": [{}, {"message_retention_seconds": 1209600, "only_from_queue": False}],
    "max_message_bytes": [None, 1024, 262144],  # provider 5.100 refuses more
    "undelivered_queue": [None, {"arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:undelivered.fifo"}],
    "replace_stores": [None, "moved to vpc"],
    "lambda_package": [{}, {"s3_bucket": "builds", "s3_key": "fork.zip", "s3_object_version": "v1"}],
    "function": [
        {},
        {"memory_size": 128, "timeout_seconds": 1, "architecture": "x86_64", "runtime": "python3.11"},
        {"memory_size": 10240, "timeout_seconds": 900, "runtime": "python3.12"},
        {"reserved_concurrency": 1000},
        {"reserved_concurrency": 0},
    ],
    "environment_variables": [{}, {"TABLE_NAME": "audit"}],
    "powertools_layer_arn": [None, f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:powertools:1"],
    "tracing": [False, True],
    "function_vpc": [None, _VPC],
    "log_level": ["INFO", "DEBUG", "CRITICAL"],
    "log_retention_days": [30, 0, 1, 3653],
    "log_kms_key": [None, {"arn": _KEY}],
    "roles": [{}, {"path": "/event-forks/", "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary"}],
    "tags": [{}, {"application": "shop", "cost-centre": "42"}],
}
_READS: dict[str, list[Any]] = {
    "queue": [
        {},
        {"message_retention_seconds": 60, "visibility_timeout_seconds": 43200, "max_receive_count": 1},
        {"message_retention_seconds": 1209600, "max_receive_count": 1000},
    ],
    "event_source_mapping": [
        {},
        {"batch_size": 1, "maximum_batching_window_seconds": 0},
        {"batch_size": 10000, "maximum_batching_window_seconds": 300, "maximum_concurrency": 1000},
        {"batch_size": 10, "maximum_concurrency": 2, "enabled": False},
    ],
}
_BUCKET: dict[str, list[Any]] = {
    "prefix": ["", "orders/"],
    "bucket": [None, {"arn": "arn:aws:s3:::orders-archive", "name": "orders-archive"}],
    "bucket_kms_key": [None, {"arn": _KEY}],
    "bucket_force_destroy": [False, True],
    "lifecycle_rules": [
        [],
        [{"id": "expire", "expiration_days": 1}],
        [
            {"id": "cool", "prefix": "orders/", "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}]},
            {"id": "old", "enabled": False, "noncurrent_version_expiration_days": 1},
            {
                "id": "freeze",
                "transitions": [
                    {"days": 0, "storage_class": "GLACIER_IR"},
                    {"days": 180, "storage_class": "DEEP_ARCHIVE"},
                ],
                "expiration_days": 3650,
            },
        ],
    ],
    "transformation_function": [
        None,
        {"arn": _FUNCTION},
        {"arn": f"{_FUNCTION}:live", "buffer_size_mib": 0.2, "buffer_interval_seconds": 0, "retries": 0},
        {"arn": f"{_FUNCTION}:3", "buffer_size_mib": 3, "buffer_interval_seconds": 900, "retries": 300},
    ],
    "redact": [[], [{"path": "$.payment.card"}, {"path": "$..email", "action": "mask", "mask": "*"}]],
}
OPTIONS: dict[str, dict[str, list[Any]]] = {
    "fork": _ANY_FORK
    | _READS
    | {
        "raw_message_delivery": [False, True],
        "handler": ["audit.handler", "event_fork.storage_backup.handler"],
        "description": ["Event fork", "x" * 256, ""],
        "layers": [[], [f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:own:7"]],
        "policy_statements": [
            [],
            [
                {
                    "sid": "WriteAudit",
                    "actions": ["dynamodb:PutItem"],
                    "resources": [f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/audit"],
                    "conditions": [
                        {"test": "ForAllValues:StringEquals", "variable": "dynamodb:LeadingKeys", "values": ["orders"]}
                    ],
                }
            ],
        ],
        "alarms": [None, {"actions": _ON_CALL}, {"actions": _ON_CALL * 5, "oldest_message_age_seconds": 0}],
    },
    "storage-backup": _ANY_FORK
    | _READS
    | _BUCKET
    | {
        "record_format": ["envelope", "envelope", "envelope", "raw"],  # raw excludes much
        "pack_records": [None, True, False],
        "buffering": [{}, {"interval_seconds": 0, "size_mib": 1}, {"interval_seconds": 900, "size_mib": 128}],
        "partition_by": [
            None,
            {"keys": [{"attribute": "event_type", "values": ["order.placed", "order.cancelled"]}]},
            {
                "keys": [
                    {"attribute": "shop.event-type"},
                    {"body": '.["order type"][0].kind', "column": "kind"},
                    {"body": ".country", "default": "none"},
                ],
                "retry_duration_seconds": 7200,
            },
        ],
        "format": ["json", "parquet"],
        "compression": [None, "GZIP", "ZIP", "Snappy", "UNCOMPRESSED"],
        "athena": [
            None,
            {},
            {
                "database": {"name": "shop"},
                "workgroup": {"name": "primary"},
                "table_name": "orders",
                "first_date": "2026-01-01",
                "event_type_attribute": "shop.Event-Type",
            },
            {"results_location": "s3://query-results/orders/", "bytes_scanned_limit": 10485760},
        ],
        "alarms": [None, {"actions": _ON_CALL}, {"actions": _ON_CALL, "delivery_delay_seconds": 901}],
    },
    "search-analytics": _ANY_FORK
    | _READS
    | _BUCKET
    | {
        "event_type_attribute": ["event_type", "shop.Event-Type"],
        "index_name": ["orders", "o" * 80],
        "index_rotation_period": ["OneDay", "NoRotation", "OneHour", "OneWeek", "OneMonth"],
        "document_id": ["FIREHOSE_DEFAULT", "NO_DOCUMENT_ID"],
        "retry_duration_seconds": [300, 0, 7200],
        "buffering": [{}, {"interval_seconds": 0, "size_mib": 1}, {"interval_seconds": 900, "size_mib": 100}],
        "domain": [
            {"arn": f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/shared", "endpoint": "search-shared.example.com"},
            None,
        ],
        "new_domain": [
            None,
            {},
            {"name": "orders", "instance_count": 2, "zone_count": 2, "volume_size_gib": 100, "kms_key": {"arn": _KEY}},
            {"access_principal_arns": [f"arn:aws:iam::{ACCOUNT}:role/analyst"]},
            {
                "master_user_arn": f"arn:aws:iam::{ACCOUNT}:role/search-admin",
                "logs": ["application", "audit", "index_slow", "search_slow"],
            },
        ],
        "index_management": [
            {},
            {"enabled": False},
            {"retention_days": 1, "settings": '{"index":{"number_of_shards":2}}', "mappings": '{"dynamic":"strict"}'},
            {"alias": "", "priority": 0, "credentials_secret": {"arn": _SECRET}},
            {
                "dashboards": {"numbers": ["amount"], "values": ["customer.country.keyword"]},
                "map_delivery_role": True,
            },
        ],
        "vpc": [None, _VPC],
        "s3_backup_mode": ["FailedDocumentsOnly", "AllDocuments"],
        "compression": ["GZIP", "UNCOMPRESSED", "ZIP", "Snappy"],
        "alarms": [None, {"actions": _ON_CALL}, {"actions": _ON_CALL, "delivery_delay_seconds": 901}],
    },
    "replay": _ANY_FORK
    | {
        "raw_message_delivery": [True, False],
        "retention_seconds": [1209600, 60],
        "queue": [{}, {"visibility_timeout_seconds": 43200, "max_receive_count": 1}],
        "enabled": [False, True],
        "event_source_mapping": [
            {},
            {"batch_size": 10000, "maximum_batching_window_seconds": 300},
            {"maximum_concurrency": 2},
        ],
        "destination_queue": [_queue("checkout"), _queue("checkout", kms_key_arn=_KEY)],
        "replay_id": [None, "heal-orders-2026-05-31"],
        "archive": [
            None,
            {"bucket": {"arn": "arn:aws:s3:::orders-archive", "name": "orders-archive"}},
            {
                "bucket": {"arn": "arn:aws:s3:::orders-archive", "name": "orders-archive"},
                "prefix": "orders/",
                "layout": "dt=yyyy-MM-dd-HH/",
                "kms_key": {"arn": _KEY},
            },
        ],
        "targets": [
            None,
            [
                _queue(
                    "checkout",
                    dead_letter_queue_arn=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:checkout-dlq",
                    kms_key_arn=_KEY,
                    idempotent=True,
                ),
                _queue("checkout-shadow", shadow=True),
            ],
            [_queue(f"checkout-{number}") for number in range(20)],
        ],
        "archive_worker": [
            {},
            {"memory_size": 128, "timeout_seconds": 60},
            {"memory_size": 10240, "timeout_seconds": 900},
        ],
        "alarms": [None, {"actions": _ON_CALL}],
    },
}
"""Module -> input -> values. The first value of an input is its default, or one that the module's own default is."""
for _options in OPTIONS.values():
    _options["dashboard"] = [False, True]  # last, like every new one: what was picked for the others stays
OPTIONS["storage-backup"]["compress_records"] = [None, None, False]
OPTIONS["storage-backup"]["ingest"] = ["queue"]
OPTIONS["fork"]["ingest"] = ["queue"]
for _options in (OPTIONS["storage-backup"], OPTIONS["search-analytics"]):
    _options["stream_count"] = [1, 3]
OPTIONS["fork"]["stream_arn"] = [None]
OPTIONS["fork"]["delivery"] = [None, {"name": "orders", "destination": "S3", "more_names": ["orders-stream-2"]}]

_DIRECT: dict[str, list[Inputs]] = {
    "fork": [{}],
    "storage-backup": [{}, {"redact": OPTIONS["storage-backup"]["redact"][1]}],
}
"""Beside the defaults, and after the others: `ingest = "direct"` goes with few values of other inputs."""

NAMED_HERE = ("name", "topic_arn")
"""Inputs that each variant has anyway: names must differ."""


def variants() -> list[Variant]:
    """All variants of all modules, the same ones in every run."""
    return [variant for module in OPTIONS for variant in _of(module)]


def _of(module: str) -> Iterator[Variant]:
    options = OPTIONS[module]
    yield _variant(module, 0, {name: values[0] for name, values in options.items()})
    choose = random.Random(f"{SEED} {module}")  # the same variants in every run
    columns = {name: _column(values, choose) for name, values in options.items()}
    for number in range(1, VARIANTS):
        yield _variant(module, number, {name: column[number] for name, column in columns.items()})
    defaults = {name: values[0] for name, values in options.items()}
    for number, inputs in enumerate(_DIRECT.get(module, []), VARIANTS):
        yield _variant(module, number, {**defaults, "ingest": "direct", **inputs})


def _column(values: list[Any], choose: random.Random) -> list[Any]:
    """A value for each variant: all of them in turn, in an order of its own each time."""
    column: list[Any] = []
    while len(column) < VARIANTS:
        column += choose.sample(values, len(values))
    return column


def _variant(module: str, number: int, picked: Inputs) -> Variant:
    region = REGIONS[number % len(REGIONS)]
    for rule in _RULES:
        picked = rule(module, picked, region)
    # a FIFO topic now and then
    is_direct = picked.get("ingest") == "direct"
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:orders{'.fifo' if number % 5 == 4 and not is_direct else ''}"
    inputs = {"name": f"{module}-{number}", "topic_arn": topic, **picked}
    return Variant(module, number, region, _there(inputs, region))


def _there(value: Any, region: str) -> Any:
    """The same in another Region: ARNs and addresses as they are written there."""
    if isinstance(value, str):
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        here = value.replace("arn:aws:", f"arn:{PARTITIONS[region]}:").replace("eu-west-1", region)
        return here.replace("amazonaws.com", suffix)
    if isinstance(value, dict):
        return {name: _there(inner, region) for name, inner in value.items()}
    return [_there(inner, region) for inner in value] if isinstance(value, list) else value


def _reads_fit(module: str, picked: Inputs, region: str) -> Inputs:
    """What fork says of queue, function and mapping together."""
    mapping, function, queue = picked["event_source_mapping"], picked["function"], picked["queue"]
    if function.get("reserved_concurrency") == 0 or "reserved_concurrency" not in function:
        return picked
    if mapping.get("maximum_concurrency", 2) > function["reserved_concurrency"]:
        return picked | {"event_source_mapping": {}}
    return picked | {"queue": queue}


def _storage_fits(module: str, picked: Inputs, region: str) -> Inputs:
    """What storage-backup refuses together."""
    if module != "storage-backup":
        return picked
    picked = dict(picked)
    if picked["record_format"] == "raw":
        picked |= {"athena": None, "partition_by": None, "format": "json"}
    if picked["format"] == "parquet" and picked["athena"] is None:
        picked["athena"] = {}
    if picked["athena"] is not None and picked["compression"] in ("ZIP", "Snappy"):
        picked["compression"] = "Snappy" if picked["format"] == "parquet" else None
    if picked["partition_by"] is not None or picked["format"] == "parquet":
        picked["buffering"] = picked["buffering"] if picked["buffering"].get("size_mib") == 128 else {}
    return picked


def _direct_fits(module: str, picked: Inputs, region: str) -> Inputs:
    """What goes without queue and function."""
    if picked.get("ingest") != "direct":
        return picked
    if module == "fork":
        stream = f"arn:aws:firehose:eu-west-1:{ACCOUNT}:deliverystream/orders"
        of_fork = {"raw_message_delivery": False, "dashboard": False, "create_subscription": True}
        return picked | of_fork | {"stream_arn": stream}
    without: Inputs = dict.fromkeys(("pack_records", "compress_records", "transformation_function"))
    plain = {"queue": {}, "event_source_mapping": {}, "record_format": "envelope", "function": {}}
    return picked | without | plain | {"create_subscription": True, "dashboard": False, "stream_count": 1}


def _search_fits(module: str, picked: Inputs, region: str) -> Inputs:
    """One domain, given or made; a role that is the master user has no list of principals beside it."""
    if module != "search-analytics":
        return picked
    if picked["index_rotation_period"] == "NoRotation":
        picked = picked | {"index_management": {}}
    if picked["new_domain"]:
        return picked | {"domain": None}
    if picked["domain"] is not None:
        return picked | {"new_domain": None}
    return picked | {"new_domain": picked["new_domain"] or {}}


def _bucket_fits(module: str, picked: Inputs, region: str) -> Inputs:
    if picked.get("bucket") is not None:
        return picked | {"lifecycle_rules": []}
    return picked


def _replay_fits(module: str, picked: Inputs, region: str) -> Inputs:
    if module == "replay" and picked["archive"] is None:
        return picked | {"targets": None}
    return picked


_RULES: list[Callable[[str, Inputs, str], Inputs]] = [
    _reads_fit,
    _direct_fits,
    _storage_fits,
    _search_fits,
    _bucket_fits,
    _replay_fits,
]
