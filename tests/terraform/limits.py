"""The ends of what the modules allow: each must be planned. What lies beyond is in refusals.py.

Limits of one module are planned together, in as few calls as their inputs allow.
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.terraform.example_inputs import BUCKET, FUNCTION, KEY, LEAST, ON_CALL, QUEUE
from tests.terraform.saved_state import Call

ARN = "arn:aws:sqs:eu-west-1:123456789012:"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
LONGEST_QUEUE = "q" * 80


@dataclass(frozen=True)
class Limit:
    """A value at an end of its range, with what it needs beside it."""

    module: str
    inputs: dict[str, Any]

    def __str__(self) -> str:
        text = ", ".join(f"{name}={value}" for name, value in self.inputs.items())
        return f"{self.module}({text if len(text) < 90 else text[:87] + '...'})"


def _of(module: str, *limits: dict[str, Any]) -> list[Limit]:
    return [Limit(module, inputs) for inputs in limits]


def _policy(*lengths: int) -> str:
    return json.dumps({f"k{number}": list(range(length)) for number, length in enumerate(lengths)})


_FORK = _of(
    "fork",
    {"name": "a"},
    {"name": "a" * 40},
    {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:" + "t" * 256},
    {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:" + "t" * 251 + ".fifo"},
    {"filter_policy": _policy(1)},
    {"filter_policy": _policy(15, 10, 1, 1, 1)},
    {"filter_policy": json.dumps({"a": ["a:b", '"a":', '"a":']})},
    {"filter_policy": json.dumps({"a": [{"cidr": "10.0.0.0/31"}, {"cidr": "2001:db8::/127"}]})},
    {"queue": {"message_retention_seconds": 60}, "dead_letter_queue": {"message_retention_seconds": 60}},
    {"queue": {"message_retention_seconds": 1209600}, "dead_letter_queue": {"message_retention_seconds": 1209600}},
    {
        "queue": {"visibility_timeout_seconds": 65},
        "function": {"timeout_seconds": 60},
        "event_source_mapping": {"maximum_batching_window_seconds": 5},
    },
    {"queue": {"visibility_timeout_seconds": 43200}},
    {"queue": {"max_receive_count": 1}},
    {"queue": {"max_receive_count": 1000}},
    {"max_message_bytes": 1024},
    {"max_message_bytes": 262144},
    {"undelivered_queue": {"arn": f"{ARN}{LONGEST_QUEUE[5:]}.fifo"}},
    {"description": ""},
    {"description": "x" * 256},
    {"handler": "h.h"},
    {"handler": "h" * 126 + ".h"},
    {"handler": "src/audit-log/index.handler"},
    *(
        {
            "handler": handler,
            "function": {"runtime": runtime},
            "lambda_package": {"s3_bucket": "builds", "s3_key": "k"},
        }
        for handler, runtime in (
            ("Shop::Shop.Audit::Handle", "dotnet8"),
            ("AuditFunction", "dotnet8"),
            ("com.example.Audit::handle", "java21"),
            ("Audit", "java21"),
            ("main", "provided.al2023"),
        )
    ),
    {"lambda_package": {"s3_bucket": "abc", "s3_key": "k"}},
    {"lambda_package": {"s3_bucket": "b" * 63, "s3_key": "k" * 1024}},
    {
        "policy_statements": [
            {"actions": ["S3:GetObject"], "resources": ["arn:aws:s3:::größe/*"]},
            {
                "effect": "Deny",
                "actions": ["*"],
                "resources": ["*"],
                "conditions": [
                    {"test": "ForAnyValue:StringEqualsIfExists", "variable": "aws:PrincipalOrgID", "values": ["o-1a2b"]}
                ],
            },
        ]
    },
    {"function": {"memory_size": 128}},
    {"function": {"memory_size": 10240}},
    {"function": {"timeout_seconds": 1}},
    {"function": {"timeout_seconds": 900}},
    {"function": {"reserved_concurrency": 0}},
    {"function": {"runtime": "python3.11"}},
    {"function": {"runtime": "python3.13", "architecture": "x86_64"}},
    {"environment_variables": {"AB": "ä" * 1845}},
    {"environment_variables": {"AB": '"' * 1845}},
    {"environment_variables": {"AB": "<" * 3691}},
    {"environment_variables": dict.fromkeys(("AWS_USE_FIPS_ENDPOINT", "AWS_LAMBDA_EXEC_WRAPPER", "LAMBDA_MODE"), "x")},
    {"layers": [f"arn:aws:lambda:eu-west-1:123456789012:layer:ours{number}:1" for number in range(4)]},
    {
        "powertools_layer_arn": "",
        "layers": [f"arn:aws:lambda:eu-west-1:123456789012:layer:ours{number}:1" for number in range(5)],
    },
    {"function_vpc": {"subnet_ids": ["subnet-0a1b"], "security_group_ids": ["sg-0a1b"]}},
    {
        "function_vpc": {
            "subnet_ids": [f"subnet-0a1b{number}" for number in range(16)],
            "security_group_ids": [f"sg-0a1b{number}" for number in range(5)],
        }
    },
    {"log_retention_days": 0},
    {"log_retention_days": 1},
    {"log_retention_days": 3653},
    {"roles": {"path": "/" + "p" * 510 + "/"}},
    {"event_source_mapping": {"batch_size": 1, "maximum_batching_window_seconds": 0}},
    {"event_source_mapping": {"batch_size": 10}},
    {"event_source_mapping": {"batch_size": 11, "maximum_batching_window_seconds": 1}},
    {"event_source_mapping": {"batch_size": 10000, "maximum_batching_window_seconds": 300}},
    {"event_source_mapping": {"maximum_concurrency": 2}},
    {"event_source_mapping": {"maximum_concurrency": 1000}},
    {"event_source_mapping": {"maximum_concurrency": 50}, "function": {"reserved_concurrency": 50}},
    {"event_source_mapping": {"provisioned_pollers": {"minimum": 2, "maximum": 2}}},
    {"event_source_mapping": {"provisioned_pollers": {"minimum": 200, "maximum": 2000}}},
    {"alarms": {"actions": [f"{ON_CALL}-{number}" for number in range(5)]}},
    {
        "alarms": {
            "actions": [
                "arn:aws:lambda:eu-west-1:123456789012:function:page:live",
                "arn:aws:ssm:eu-west-1:123456789012:opsitem:1#CATEGORY=Availability",
                "arn:aws:ssm-incidents::123456789012:responseplan/orders",
                "arn:aws:aiops:eu-west-1:123456789012:investigation-group:a1b2",
                "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1a-2b:autoScalingGroupName/w:policyName/more",
            ]
        }
    },
    {"alarms": {"actions": [ON_CALL], "oldest_message_age_seconds": 0}},
    {"alarms": {"actions": [], "silent": True}},
    {"tags": {f"{number:0>128}": "v" * 256 for number in range(50)}},
    {"tags": {"größe +-=._:/@1": "", "team": "a b"}},
    {
        "handler": "bootstrap",
        "function": {"runtime": "provided.al2023"},
        "lambda_package": {"s3_bucket": "builds", "s3_key": "k"},
    },
)


def _of_streams(module: str, largest_buffer_mib: int) -> list[Limit]:
    rule = {"id": "old", "prefix": ""}
    return _of(
        module,
        {"buffering": {"interval_seconds": 0}},
        {"buffering": {"interval_seconds": 900}, "alarms": {"actions": [ON_CALL], "delivery_delay_seconds": 901}},
        {"buffering": {"size_mib": 1}},
        {"stream_count": 1},
        {"stream_count": 50, "name": "n" * 40},
        {"buffering": {"size_mib": largest_buffer_mib}},
        {"prefix": ""},
        {"prefix": "p" * 699 + "/"},
        {"transformation_function": {**FUNCTION, "buffer_size_mib": 0.2, "buffer_interval_seconds": 0, "retries": 0}},
        {"transformation_function": {**FUNCTION, "buffer_size_mib": 3, "buffer_interval_seconds": 900, "retries": 300}},
        {"alarms": {"actions": [ON_CALL], "delivery_delay_seconds": 0}},
        {"lifecycle_rules": [{**rule, "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}]}]},
        {"lifecycle_rules": [{**rule, "expiration_days": 1}]},
        {"lifecycle_rules": [{**rule, "expiration_days": 2147483647}]},
        {
            "lifecycle_rules": [
                {
                    **rule,
                    "transitions": [
                        {"days": days, "storage_class": name}
                        for days, name in ((90, "DEEP_ARCHIVE"), (30, "STANDARD_IA"), (60, "INTELLIGENT_TIERING"))
                    ],
                }
            ]
        },
        {"roles": {"path": "/" + "p" * 409 + "/"}},
        {"lifecycle_rules": [{"id": "i", "expiration_days": 1}, {"id": "i" * 240, "expiration_days": 1}]},
        {
            "lifecycle_rules": [
                {**rule, "transitions": [{"days": 0, "storage_class": "GLACIER_IR"}], "expiration_days": 1}
            ]
        },
    )


def _partition(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"partition_by": {"keys": list(keys), **more}, "buffering": {}, "prefix": ""}


_STORAGE_BACKUP = [
    *_of_streams("storage-backup", 128),
    *_of(
        "storage-backup",
        _partition({"attribute": "a"}, retry_duration_seconds=0) | {"buffering": {"interval_seconds": 60}},
        _partition(*({"attribute": name} for name in "abc"), retry_duration_seconds=7200),
        _partition({"attribute": "a" * 256, "column": "c" * 32, "default": "d" * 96}),
        _partition({"attribute": "a", "default": "d"}),
        _partition({"attribute": "a", "values": ["v"]}),
        _partition({"attribute": "a", "values": [f"value-{number}" for number in range(50)]}),
        _partition({"attribute": "a"}) | {"buffering": {"size_mib": 64}},
        {"format": "parquet", "athena": {}, "buffering": {"size_mib": 64}},
        {"athena": {"bytes_scanned_limit": 10485760}},
        {"athena": {"table_name": "t", "event_type_attribute": "a"}},
        {"athena": {"workgroup": {"name": "w"}}},
        {"athena": {"workgroup": {"name": "w" * 128}}},
        {"athena": {"table_name": "t" * 255, "event_type_attribute": "a" * 256}},
    ),
]
_SEARCH_ANALYTICS = [
    *_of_streams("search-analytics", 100),
    *_of(
        "search-analytics",
        {"name": "a"},
        {"name": "A_" + "b" * 38},
        {"index_name": "i"},
        {"index_name": "i" * 80},
        {"index_management": {"alias": "a", "retention_days": 1, "priority": 0}},
        {"index_management": {"dashboards": {"numbers": ["a" * 200], "values": [f"é {n}" for n in range(19)]}}},
        {"index_management": {"dashboards": {"tenant": "t" * 100}}},
        {"index_management": {"dashboards": {"tenant": "t"}}},
        {"index_management": {"alias": "a" * 100, "retention_days": 36500}},
        {
            "index_management": {
                "credentials_secret": {"arn": f"{SECRET}:opensearch!db-a1b2c3", "kms_key_arn": KEY["arn"]}
            }
        },
        {"event_type_attribute": "a"},
        {"event_type_attribute": "a" * 256},
        {"retry_duration_seconds": 0},
        {"retry_duration_seconds": 7200},
        {"new_domain": {"name": "abc", "instance_type": "t3.small.search", "master_type": "i8ge.18xlarge.search"}},
        {"new_domain": {"instance_type": "or2.16xlarge.search", "master_type": "c7i.large.search"}},
        {"new_domain": {"name": "a" * 28}},
        {"new_domain": {"instance_count": 3, "volume_size_gib": 36864}, "tags": {f"t{n}": "" for n in range(10)}},
        {"new_domain": {"instance_count": 1, "zone_count": 1, "master_count": 0}},
        {"new_domain": {"instance_count": 80, "zone_count": 2, "master_count": 5}},
        {"new_domain": {"instance_count": 3, "zone_count": 3, "volume_size_gib": 10}},
        {
            "new_domain": {},
            "vpc": {"subnet_ids": ["subnet-0a1b", "subnet-0a1c"], "security_group_ids": ["sg-0a1b"]},
        },
        {"vpc": {"subnet_ids": [f"subnet-0a1b{n}" for n in range(16)], "security_group_ids": ["sg-0a1b"]}},
        {
            "new_domain": {},
            "vpc": {
                "subnet_ids": ["subnet-0a1b", "subnet-0a1c"],
                "security_group_ids": [f"sg-0a1b{number}" for number in range(5)],
            },
        },
    ),
]
_LONGEST_TARGETS = [
    {
        "arn": f"arn:aws:sqs:ap-southeast-1:123456789012:{number:02}{'t' * 78}",
        "url": f"https://sqs.ap-southeast-1.amazonaws.com/123456789012/{number:02}{'t' * 78}",
    }
    for number in range(20)
]
_REPLAY = _of(
    "replay",
    {"name": "a" * 40, "archive": {"bucket": BUCKET}},
    {"archive": {"bucket": {"arn": "arn:aws:s3:::abc", "name": "abc"}, "prefix": ""}},
    {"archive": {"bucket": {"arn": f"arn:aws:s3:::{'b' * 63}", "name": "b" * 63}}},
    {"retention_seconds": 60},
    {"retention_seconds": 1209600},
    {"destination_queue": {"arn": f"{ARN}{LONGEST_QUEUE}", "url": f"{URL}{LONGEST_QUEUE}", "kms_key_arn": KEY["arn"]}},
    {"replay_id": "r"},
    {"archive": {"bucket": BUCKET, "layout": "x" * 245 + "yyyy/MM/dd/"}, "roles": {"path": "/" + "p" * 153 + "/"}},
    {"destination_queue": {**QUEUE, "url": "https://eu-west-1.queue.amazonaws.com/123456789012/checkout"}},
    {"replay_id": "r" * 128},
    {"archive": {"bucket": BUCKET, "prefix": "p" * 511 + "/"}, "targets": _LONGEST_TARGETS},
    {"archive": {"bucket": BUCKET}, "targets": _LONGEST_TARGETS[:1]},
    {
        "archive": {"bucket": BUCKET},
        "targets": [
            {
                "arn": f"{ARN}{LONGEST_QUEUE[5:]}.fifo",
                "url": f"{URL}{LONGEST_QUEUE[5:]}.fifo",
                "dead_letter_queue_arn": f"{ARN}{LONGEST_QUEUE[5:]}.fifo",
            }
        ],
    },
    {"archive": {"bucket": BUCKET}, "archive_worker": {"memory_size": 128, "timeout_seconds": 60}},
    {"archive": {"bucket": BUCKET}, "archive_worker": {"memory_size": 10240, "timeout_seconds": 900}},
)

LIMITS = [*_FORK, *_STORAGE_BACKUP, *_SEARCH_ANALYTICS, *_REPLAY]


def calls() -> dict[str, Call]:
    """All limits in few calls: a limit joins the first call of its module whose inputs it does not touch."""
    made: dict[str, list[dict[str, Any]]] = {}
    for limit in LIMITS:
        some = made.setdefault(limit.module, [])
        free = next((each for each in some if not each.keys() & limit.inputs.keys()), None)
        if free is None:
            some.append(dict(limit.inputs))
        else:
            free.update(limit.inputs)
    usual = {"name": "orders", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders"}
    return {
        f"{module.replace('-', '_')}_{number}": {"module": module, **usual, **LEAST[module], **inputs}
        for module, some in made.items()
        for number, inputs in enumerate(some)
    }
