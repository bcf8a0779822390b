"""What the modules refuse: one wrong value each, and a piece of what the message must say about it.

The cases are planned together as calls in one configuration (test_refusals.py), so a limit costs no run of its own.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.support.filter_policies import REFUSED, TOO_COMPLEX
from tests.support.redaction_rules import REFUSED_PATHS, REFUSED_RULES
from tests.terraform.derived_refusals import wrong_values
from tests.terraform.native import MODULES

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:redact"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:ours"
STREAM = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:checkout"
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout"
ROLE = "arn:aws:iam::123456789012:role/analyst"
ARCHIVE = {"arn": "arn:aws:s3:::archive", "name": "archive"}
DOMAIN = {"arn": "arn:aws:es:eu-west-1:123456789012:domain/shared", "endpoint": "search-shared.example.com"}

TOPIC = {"name": "orders", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders"}
ALARMS = {"actions": ["arn:aws:sns:eu-west-1:123456789012:on-call"]}
VALID: dict[str, dict[str, Any]] = {
    "fork": {**TOPIC, "handler": "event_fork.storage_backup.handler"},
    "root": {"topic_arn": TOPIC["topic_arn"]},
    "bucket": {"name": "orders"},
    "delivery": {
        "name": "orders",
        "location": {"region": "eu-west-1", "account_id": "123456789012", "dns_suffixes": ["amazonaws.com"]},
        "bucket": {"arn": "arn:aws:s3:::archive", "given": True},
        "object_prefixes": [""],
        "log_retention_days": 30,
        "stream": {"destination": "S3", "customer_managed_key": False},
    },
    "storage-backup": TOPIC,
    "search-analytics": {**TOPIC, "index_name": "orders", "domain": DOMAIN},
    "replay": {**TOPIC, "destination_queue": {"arn": QUEUE, "url": QUEUE_URL}},
}
"""The least that each module needs; a case changes it."""


@dataclass(frozen=True)
class Refusal:
    """Inputs of a module that it refuses, and the value that the message must name."""

    module: str
    inputs: dict[str, Any]
    received: str

    def __str__(self) -> str:
        inputs = ", ".join(f"{name}={value}" for name, value in self.inputs.items())
        return f"{self.module}({inputs if len(inputs) < 90 else inputs[:87] + '...'})"


def _redact() -> list[Refusal]:
    """The rules that the functions refuse, and more of them than a function's environment holds."""
    rules = [*({"path": path} for path in REFUSED_PATHS), *REFUSED_RULES]
    too_many = {"redact": [{"path": f"$.member_{number}"} for number in range(150)]}
    return [
        *(Refusal("storage-backup", {"redact": [rule]}, _as_terraform_writes(rule)) for rule in rules),
        Refusal("storage-backup", too_many, "150 rules"),
    ]


def _as_terraform_writes(rule: dict[str, Any]) -> str:
    """What of the rule a message must show: its first value in JSON, as jsonencode writes it."""
    return " ".join(json.dumps(next(iter(rule.values()), None)).replace("&", "\\u0026").split())


def _filter_policies() -> list[Refusal]:
    """The policies that SNS refuses; what is counted is named by its count, where the subscription is made."""
    return [
        Refusal(
            "fork",
            {"create_subscription": True, "filter_policy": policy, "filter_policy_scope": scope},
            TOO_COMPLEX.get((policy, scope), policy),
        )
        for policy, scope in REFUSED
    ]


_SUBNET, _GROUP = "subnet-0a1b2c3d", "sg-0a1b2c3d"
_NO_VPCS = tuple(
    {"security_group_ids": groups, "subnet_ids": subnets}
    for subnets, groups in (
        ([], [_GROUP]),
        ([f"{_SUBNET}{number}" for number in range(17)], [_GROUP]),
        ([_SUBNET], []),
        ([_SUBNET], [f"{_GROUP}{number}" for number in range(6)]),
        ([_GROUP], [_GROUP]),
        ([_SUBNET], [_SUBNET]),
        ([_SUBNET, _SUBNET], [_GROUP]),
        ([_SUBNET], [_GROUP, _GROUP]),
    )
)


_NO_HANDLERS = ("../audit.handler", "/audit.handler", "audit..handler", "a/../b.handler", "audit.handler()", "$(x).y")
_NO_TOPICS = (
    "arn:aws:sns:eu-west-1:123456789012:or.ders",
    "arn:aws:sns:eu-west-1:123456789012:orders.FIFO",
    f"arn:aws:sns:eu-west-1:123456789012:{'t' * 252}.fifo",
    "arn:aws:sns:*:123456789012:orders",
    "arn:*:sns:eu-west-1:123456789012:orders",
    "arn:aws:sns:eu-west-1:123456789012:*",
)
_NO_ACTIONS = (
    *("oncall", "*", "", "arn:aws:sns:*:123456789012:on-call", "arn:aws:sns:eu-west-1:123456789012:*", QUEUE, ROLE),
    "arn:aws:sns:eu-west-1:123456789012:on-call.fifo",
    "arn:aws:sns:eu-west-1:123456789012:on-call:0f3c51d2-1111-2222-3333-444455556666",
    "arn:aws:automate:eu-west-1:ec2:stop",
    "arn:aws:swf:eu-west-1:123456789012:action/actions/AWS_EC2.InstanceId.Stop/1.0",
    "arn:aws:ssm:eu-west-1:123456789012:opsitem:5",
    "arn:aws:ssm:eu-west-1:123456789012:parameter/on-call",
    "arn:aws:events:eu-west-1:123456789012:rule/on-call",
    "arn:aws:states:eu-west-1:123456789012:stateMachine:on-call",
)


_CENTRAL = KEY.replace("west", "central")


def _condition(**changed: Any) -> dict[str, Any]:
    return {"test": "StringEquals", "variable": "aws:ResourceTag/team", "values": ["shop"], **changed}


def _fork() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("fork", inputs, received)

    statement = {"actions": ["s3:GetObject"], "resources": ["*"]}
    no_handlers = ("audit handler", "handler", "audit::run", "audit.", ".handler", "", f"{'h' * 127}.h", *_NO_HANDLERS)
    window = {"maximum_batching_window_seconds": 5}
    actions = [f"arn:aws:sns:eu-west-1:123456789012:on-call-{n}" for n in range(6)]
    return [
        refused('"-orders"', name="-orders"),
        refused('"Redshift"', delivery={"name": "orders", "destination": "Redshift"}),
        refused('""', name=""),
        refused('"a23456789_123456789_123456789_123456789_1"', name="a23456789_123456789_123456789_123456789_1"),
        *(refused(f'"{arn}"', topic_arn=arn) for arn in (QUEUE, *_NO_TOPICS)),
        refused("event_type = x", filter_policy="event_type = x"),
        refused('["x"]', filter_policy='["x"]'),
        refused("Received 0", filter_policy="{}"),
        refused('{"event_type": "order.placed"}', filter_policy='{"event_type": "order.placed"}'),
        refused('{"event_type": []}', filter_policy='{"event_type": []}'),
        *(
            refused(policy, filter_policy=policy)
            for policy in ('{"a":["x"],"a":["y"]}', '{"b":["x"], "a" : ["x"], "a" :["y"]}')
        ),
        refused("Received 262160", filter_policy=json.dumps({"a": ["ä" * 131072 + "x" * 5]}, ensure_ascii=False)),
        refused("Received 262164", filter_policy='{"event_type": ["' + "x" * 262144 + '"]}'),
        refused('"Body"', filter_policy_scope="Body"),
        refused('key/*"', kms_key={"arn": "arn:aws:kms:eu-west-1:123456789012:key/*"}),
        refused('alias/aws/sqs"', kms_key={"arn": "arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs"}),
        refused("64", queue={"visibility_timeout_seconds": 64}, event_source_mapping=window),
        refused("43201", queue={"visibility_timeout_seconds": 43201}),
        refused("0", queue={"max_receive_count": 0}),
        refused("59", queue={"message_retention_seconds": 59}),
        refused("1209601", queue={"message_retention_seconds": 1209601}),
        refused("59", dead_letter_queue={"message_retention_seconds": 59}),
        refused("1209601", dead_letter_queue={"message_retention_seconds": 1209601}),
        refused("1001", queue={"max_receive_count": 1001}),
        refused("345599", queue={}, dead_letter_queue={"message_retention_seconds": 345599}),
        refused("257", description="x" * 257),
        *(refused(f'"{name}"', handler=name) for name in no_handlers),
        refused("s3_key = null", lambda_package={"s3_bucket": "builds"}),
        refused('"versions.tf"', lambda_package={"filename": "versions.tf", "s3_bucket": "builds", "s3_key": "k"}),
        *(refused(f'"{name}"', lambda_package={"s3_bucket": name, "s3_key": "k"}) for name in ("ab", "b" * 64, "a/b")),
        refused('s3_object_version = "v"', lambda_package={"s3_object_version": "v"}),
        refused('s3_key = ""', lambda_package={"s3_bucket": "builds", "s3_key": ""}),
        refused('"no-such-file.zip"', lambda_package={"filename": "no-such-file.zip"}),
        refused("0", function={"timeout_seconds": 0}),
        refused("901", function={"timeout_seconds": 901}),
        refused("127", function={"memory_size": 127}),
        refused("10241", function={"memory_size": 10241}),
        refused('"arm"', function={"architecture": "arm"}),
        refused("-1", function={"reserved_concurrency": -1}),
        refused('"python3.10"', function={"runtime": "python3.10"}),
        refused('"python3.15"', function={"runtime": "python3.15"}),
        refused("AWS_REGION", environment_variables={"AWS_REGION": "eu-west-1"}),
        refused("1_TABLE", environment_variables={"1_TABLE": "audit"}),
        refused("LAMBDA_TASK_ROOT", environment_variables={"LAMBDA_TASK_ROOT": "/opt"}),
        refused("POWERTOOLS_LOGGER_LOG_EVENT", environment_variables={"POWERTOOLS_LOGGER_LOG_EVENT": "true"}),
        refused("Received 3701", environment_variables={"TOO_LONG": "x" * 3686}),
        refused("Received 3701", environment_variables={"TOO_LONG": "ä" * 1843}),
        refused("Received 3701", environment_variables={"TOO_LONG": '"' * 1843}),
        refused("null for TABLE", environment_variables={"TABLE": None, "STAGE": "test"}),
        refused("Received: A.", environment_variables={"A": "too short"}),
        refused('"powertools:27"', powertools_layer_arn="powertools:27"),
        refused("Received 5", layers=[f"{LAYER}{n}:1" for n in range(5)]),
        refused("Received 6", powertools_layer_arn="", layers=[f"{LAYER}{n}:1" for n in range(6)]),
        refused('ours:4"', layers=[f"{LAYER}:3", f"{LAYER}:4"]),
        refused('ours:3"', layers=[f"{LAYER}:3"] * 2),
        refused('ours:3"', powertools_layer_arn=f"{LAYER}:4", layers=[f"{LAYER}:3"]),
        refused("allow", policy_statements=[{"effect": "allow", "actions": ["s3:GetObject"], "resources": ["*"]}]),
        refused('"arn:aws:s3:::layer"', layers=["arn:aws:s3:::layer"]),
        refused('"actions":["GetObject"]', policy_statements=[{**statement, "actions": ["GetObject"]}]),
        refused('"s3:GetObject","*"', policy_statements=[{**statement, "actions": ["s3:GetObject", "*"]}]),
        refused('"actions":["*"]', policy_statements=[{**statement, "actions": ["*"]}]),
        *(
            refused(f'"test":"{test}"', policy_statements=[{**statement, "conditions": [_condition(test=test)]}])
            for test in ("Equals", "stringEquals", "", "StringEqual", "DateAfter", "NullIfExists", "ArnLikeIgnoreCase")
        ),
        refused('"variable":"team"', policy_statements=[{**statement, "conditions": [_condition(variable="team")]}]),
        refused('"values":[]', policy_statements=[{**statement, "conditions": [_condition(values=[])]}]),
        refused('"test":"StringEquals"', policy_statements=[{**statement, "conditions": [_condition()] * 2}]),
        refused("заказы", policy_statements=[{**statement, "resources": ["arn:aws:s3:::archive/заказы/*"]}]),
        refused("команда", policy_statements=[{**statement, "conditions": [_condition(values=["команда"])]}]),
        refused('"resources":["audit"]', policy_statements=[{**statement, "resources": ["audit"]}]),
        refused('"A","A"', policy_statements=[{**statement, "sid": "A"}] * 2),
        refused('"ReadQueue"', policy_statements=[{**statement, "sid": "ReadQueue"}]),
        refused("aws:team", tags={"aws:team": "shop"}),
        refused('"team":null', tags={"team": None}),
        refused("Received 51", tags={f"t{number}": "" for number in range(51)}),
        refused("vvvv", tags={"team": "v" * 257}),
        *(refused(json.dumps(key), tags={key: "x"}) for key in ("", "k" * 129, "AWS:x", "a*b", "price,eur", "a\tb")),
        *(refused(json.dumps(value), tags={"team": value}) for value in ("shop!", "a;b", "100%")),
        refused('"Team":"a"', tags={"Team": "a", "team": "b"}),
        refused('"actions":[]', policy_statements=[{"actions": [], "resources": ["*"]}]),
        refused('"info"', log_level="info"),
        refused("31", log_retention_days=31),
        refused('alias/logs"', log_kms_key={"arn": "arn:aws:kms:eu-west-1:123456789012:alias/logs"}),
        *(refused(json.dumps(vpc, separators=(",", ":")), function_vpc=vpc) for vpc in _NO_VPCS),
        refused('"boundary"', roles={"permissions_boundary": "boundary"}),
        refused('policy/*"', roles={"permissions_boundary": "arn:aws:iam::123456789012:policy/*"}),
        refused('"event-forks/"', roles={"path": "event-forks/"}),
        *(refused(f'"{path}"', roles={"path": path}) for path in ("/event forks/", "/a!b/", "/a*b/", f"/{'p' * 511}/")),
        refused("0", event_source_mapping={"batch_size": 0}),
        refused("10001", event_source_mapping={"batch_size": 10001, "maximum_batching_window_seconds": 1}),
        refused("batch_size = 11", event_source_mapping={"batch_size": 11}),
        refused("-1", event_source_mapping={"maximum_batching_window_seconds": -1}),
        refused("301", event_source_mapping={"maximum_batching_window_seconds": 301}),
        refused("1", event_source_mapping={"maximum_concurrency": 1}),
        refused("1001", event_source_mapping={"maximum_concurrency": 1001}),
        refused('"minimum":1', event_source_mapping={"provisioned_pollers": {"minimum": 1}}),
        refused('"minimum":201', event_source_mapping={"provisioned_pollers": {"minimum": 201, "maximum": 300}}),
        refused('"maximum":10001', event_source_mapping={"provisioned_pollers": {"maximum": 10001}}),
        refused('"maximum":2,"minimum":3', event_source_mapping={"provisioned_pollers": {"minimum": 3, "maximum": 2}}),
        refused("= 5", event_source_mapping={"provisioned_pollers": {}, "maximum_concurrency": 5}),
        refused("1023", max_message_bytes=1023),
        refused("1048577", max_message_bytes=1048577),
        refused("uuuu", undelivered_queue={"arn": f"arn:aws:sqs:eu-west-1:123456789012:{'u' * 76}.fifo"}),
        refused('"orders-undelivered"', undelivered_queue={"arn": "orders-undelivered"}),
        refused("11", function={"reserved_concurrency": 10}, event_source_mapping={"maximum_concurrency": 11}),
        refused("Received 6", alarms={"actions": actions}),
        refused("Received 0, silent = false", alarms={"actions": []}),
        refused("Received 1, silent = true", alarms={"actions": actions[:1], "silent": True}),
        *(refused(json.dumps(action), alarms={"actions": [action]}) for action in _NO_ACTIONS),
        refused(f'"{TOPIC["topic_arn"]}"', alarms={"actions": [actions[0], TOPIC["topic_arn"]]}),
        refused("-1", alarms={"actions": actions[:1], "oldest_message_age_seconds": -1}),
    ]  # fmt: skip


def _bucket() -> list[Refusal]:
    def refused(received: str, *rules: dict[str, Any]) -> Refusal:
        return Refusal("bucket", {"lifecycle_rules": list(rules)}, received)

    def colder(days: int, storage_class: str, **more: Any) -> dict[str, Any]:
        return {"id": "colder", "transitions": [{"days": days, "storage_class": storage_class}], **more}

    return [
        Refusal("bucket", {"kms_key": {"arn": "alias/aws/s3"}}, '"alias/aws/s3"'),
        refused('"colder","colder"', colder(90, "GLACIER"), colder(90, "GLACIER")),
        refused("colder", {"id": "colder"}),
        refused("COLD", colder(30, "COLD")),
        *(refused(json.dumps(rule), {"id": rule, "expiration_days": 1}) for rule in ("", "i" * 241)),
        refused("ppp", {"id": "old", "prefix": "p" * 1025, "expiration_days": 1}),
        refused('"expiration_days":0', {"id": "old", "expiration_days": 0}),
        refused('"noncurrent_version_expiration_days":0', {"id": "old", "noncurrent_version_expiration_days": 0}),
        refused('"days":[29]', colder(29, "STANDARD_IA")),
        refused('"days":[-1]', colder(-1, "GLACIER")),
        refused('"expiration_days":90', colder(90, "GLACIER", expiration_days=90)),
        refused("9999999999", {"id": "old", "expiration_days": 9999999999}),
        *(
            refused(
                '"transitions":[{"days":30,',
                {"id": "colder", "transitions": [{"days": days, "storage_class": name} for days, name in steps]},
            )
            for steps in (
                [(30, "GLACIER"), (60, "STANDARD_IA")],
                [(30, "GLACIER"), (60, "GLACIER")],
                [(30, "STANDARD_IA"), (30, "GLACIER")],
                [(30, "STANDARD_IA"), (59, "GLACIER")],
                [(30, "GLACIER"), (0, "DEEP_ARCHIVE")],
            )
        ),
    ]


def _delivery() -> list[Refusal]:
    def refused(received: str, **function: Any) -> Refusal:
        return Refusal("delivery", {"transformation_function": {"arn": FUNCTION, **function}}, received)

    return [
        refused("stateMachine:redact", arn="arn:aws:states:eu-west-1:123456789012:stateMachine:redact"),
        refused("eu-central-1", arn=FUNCTION.replace("west", "central")),
        refused("rrrr", arn=FUNCTION.replace("redact", "r" * 65)),
        Refusal("delivery", {"bucket_kms_key": {"arn": _CENTRAL}}, "eu-central-1"),
        Refusal("delivery", {"roles": {"path": f"/{'p' * 410}/"}}, "pppp"),
        refused("0.1", buffer_size_mib=0.1),
        refused("3.1", buffer_size_mib=3.1),
        refused("-1", buffer_interval_seconds=-1),
        refused("901", buffer_interval_seconds=901),
        refused("-1", retries=-1),
        refused("301", retries=301),
    ]


_BAD_PREFIXES = (
    *("orders", "/orders/", "a!{b}/", "errors/", "errors/orders/", "athena-results/"),
    *("event-fork-replays/", "event-fork-replays/orders/", "p" * 700 + "/"),
)


def _of_both_streams(module: str, largest_buffer_mib: int) -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal(module, inputs, received)

    return [
        refused("-1", buffering={"interval_seconds": -1}),
        refused("901", buffering={"interval_seconds": 901}),
        refused("0", buffering={"size_mib": 0}),
        *(refused(str(count), stream_count=count) for count in (0, 51, 1.5)),
        refused("DELIVERY_STREAM_COUNT", environment_variables={"DELIVERY_STREAM_COUNT": "2"}),
        refused(str(largest_buffer_mib + 1), buffering={"size_mib": largest_buffer_mib + 1}),
        *(refused(f'"{prefix}"', prefix=prefix) for prefix in _BAD_PREFIXES),
        refused('"gzip"', compression="gzip"),
        refused('"arn:aws:s3:::Archive"', bucket={"arn": "arn:aws:s3:::Archive", "name": "Archive"}),
        refused('"name":"other"', bucket={"arn": "arn:aws:s3:::archive", "name": "other"}),
        refused('"alias/aws/s3"', bucket_kms_key={"arn": "alias/aws/s3"}),
        refused("colder", bucket=ARCHIVE, lifecycle_rules=[{"id": "colder", "expiration_days": 30}]),
        refused("900", buffering={"interval_seconds": 900}, alarms={**ALARMS, "delivery_delay_seconds": 900}),
        refused("-1", alarms={**ALARMS, "delivery_delay_seconds": -1}),
    ]


def _storage_backup() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("storage-backup", inputs, received)

    return [
        *_of_both_streams("storage-backup", 128),
        *_direct(),
        refused('"json"', record_format="json"),
        *_partitions_and_format(),
        refused('record_format = "raw"', record_format="raw", athena={}),
        refused('compression = "ZIP"', compression="ZIP", athena={}),
        *(refused(f'"{name}"', athena={"table_name": name}) for name in ("", "t" * 256)),
        *(refused(f'"{name}"', athena={"workgroup": {"name": name}}) for name in ("", "w" * 129)),
        *(refused(f'"{name}"', athena={"event_type_attribute": name}) for name in ("", "a" * 257)),
        refused('"Events"', athena={"table_name": "Events"}),
        refused('"data-lake"', athena={"database": {"name": "data-lake"}}),
        refused('"our team"', athena={"workgroup": {"name": "our team"}}),
        refused('"s3://results/"', athena={"workgroup": {"name": "ours"}, "results_location": "s3://results/"}),
        refused('"2024-13-01"', athena={"first_date": "2024-13-01"}),
        refused('"query-results/orders"', athena={"results_location": "query-results/orders"}),
        refused("10485759", athena={"bytes_scanned_limit": 10485759}),
        refused('"it\'s"', athena={"event_type_attribute": "it's"}),
    ]


def _direct() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("storage-backup", {"ingest": "direct", **inputs}, received)

    return [
        Refusal("storage-backup", {"ingest": "sqs"}, '"sqs"'),
        refused("orders.fifo", topic_arn=f"{TOPIC['topic_arn']}.fifo"),
        refused("create_subscription = false", create_subscription=False),
        refused('record_format = "raw"', record_format="raw"),
        refused("pack_records = true", pack_records=True),
        refused("compress_records = false", compress_records=False),
        refused("dashboard = true", dashboard=True),
        refused("stream_count = 2", stream_count=2),
        refused('"max_receive_count":9', queue={"max_receive_count": 9}),
        refused('"batch_size":10', event_source_mapping={"batch_size": 10}),
        refused(FUNCTION, redact=[{"path": "$.card"}], transformation_function={"arn": FUNCTION}),
        refused("function.timeout_seconds = 301", redact=[{"path": "$.card"}], function={"timeout_seconds": 301}),
        Refusal("fork", {"ingest": "sqs"}, '"sqs"'),
        Refusal("fork", {"ingest": "direct", "stream_arn": QUEUE}, QUEUE),
        Refusal("fork", {"stream_arn": STREAM}, STREAM),
        Refusal("fork", {"ingest": "direct", "stream_arn": STREAM, "raw_message_delivery": True}, '"direct"'),
    ]


def _partitions_and_format() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("storage-backup", inputs, received)

    def partition(received: str, *keys: dict[str, Any], **more: Any) -> Refusal:
        return refused(received, partition_by={"keys": list(keys), **more})

    def compressed(**other: Any) -> Refusal:
        return refused("compress_records = true", compress_records=True, **other)

    event_type = {"attribute": "event_type"}
    bodies = ("type", "", ".", ".a b", ".a | .b", '.["it\\"]', ".items[]", ".items[-1]", ". + env", '."a"')
    return [
        partition("0"),
        partition("4", *({"attribute": name} for name in ("a", "b", "c", "d"))),
        partition('"column":"kind"', {"column": "kind"}),
        partition('"body":".type"', {"attribute": "type", "body": ".type"}),
        *(partition(f'"{name}"', {"attribute": name}) for name in ("event type", ".type", "", "x" * 257)),
        *(partition(json.dumps(body), {"body": body}) for body in bodies),
        *(partition(f'"{value}"', {**event_type, "default": value}) for value in ("a/b", "", "x" * 97)),
        partition('"a,b"', {**event_type, "values": ["a,b"]}),
        partition("[[]]", {**event_type, "values": []}),
        partition('["a","a"]', {**event_type, "values": ["a", "a"]}),
        partition('"49","50"]', {**event_type, "values": [str(n) for n in range(51)]}),
        partition("-1", event_type, retry_duration_seconds=-1),
        partition("7201", event_type, retry_duration_seconds=7201),
        refused('"raw"', partition_by={"keys": [event_type]}, record_format="raw"),
        refused("59", partition_by={"keys": [event_type]}, buffering={"interval_seconds": 59}),
        refused("63", partition_by={"keys": [event_type]}, buffering={"size_mib": 63}),
        refused("63", format="parquet", athena={}, buffering={"size_mib": 63}),
        compressed(partition_by={"keys": [event_type]}),
        compressed(transformation_function={"arn": FUNCTION}),
        compressed(format="parquet", athena={}),
        compressed(pack_records=False),
        *(compressed(compression=name) for name in ("ZIP", "Snappy", "UNCOMPRESSED")),
        refused('"orc"', format="orc"),
        refused("athena = null", format="parquet", athena=None),
        refused('"ZIP"', format="parquet", athena={}, compression="ZIP"),
    ]


_NO_PRINCIPALS = (
    *("*", "", "arn:aws:iam::*:root", "arn:aws:iam::123456789012:*", "arn:aws:iam::123456789012:role/?dmin"),
    *(
        "arn:aws:sts::123456789012:assumed-role/analyst/*",
        "arn:*:iam::123456789012:root",
        "es.amazonaws.com",
        "analyst",
    ),
)


_NO_VOLUMES = (
    "i2.xlarge",
    "i3.large",
    "i4g.large",
    "i4i.32xlarge",
    "i7i.large",
    "i8ge.6xlarge",
    "im4gn.large",
    "oi2.large",
    "r6gd.large",
    "r7gd.medium",
    "r8gd.large",
)
_NO_SIZES = (
    "t3.24xlarge.search",
    "m7g.small.search",
    "c5.12xlarge.search",
    "r6g.16xlarge.search",
    "i8g.18xlarge.search",
)
_NO_INSTANCES = (
    *_NO_SIZES,
    "m7g.large",
    "r9z.large.search",
    "m7g.large.elasticsearch",
    "M7g.large.search",
    "t2.small.search",
)


def _search_analytics() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("search-analytics", inputs, received)

    def new_domain(received: str, **settings: Any) -> Refusal:
        return refused(received, domain=None, new_domain=settings)

    return [
        *_of_both_streams("search-analytics", 100),
        *(refused(f'"{name}"', event_type_attribute=name) for name in ("event type", "", "a" * 257)),
        refused('"Orders"', index_name="Orders"),
        refused('""', index_name=""),
        refused("xxxxxxxxx", index_name="x" * 81),
        refused('"Daily"', index_rotation_period="Daily"),
        refused('"MESSAGE_ID"', document_id="MESSAGE_ID"),
        refused("-1", retry_duration_seconds=-1),
        refused("7201", retry_duration_seconds=7201),
        refused("{", index_management={"mappings": "{"}),
        refused("event_attributes.kind", index_management={"dashboards": {"values": ["event_attributes.kind"]}}),
        refused('"a","a"', index_management={"dashboards": {"numbers": ["a", "a"]}}),
        refused('"values":["a"]', index_management={"dashboards": {"numbers": ["a"], "values": ["a"]}}),
        refused("f20", index_management={"dashboards": {"values": [f"f{number}" for number in range(21)]}}),
        refused('[""]', index_management={"dashboards": {"values": [""]}}),
        refused("a*", index_management={"dashboards": {"numbers": ["a*"]}}),
        refused("aaaaaaaa", index_management={"dashboards": {"numbers": ["a" * 201]}}),
        refused('"private"', index_management={"dashboards": {"tenant": "private"}}),
        refused('"a b"', index_management={"dashboards": {"tenant": "a b"}}),
        *(refused(f'"{name}"', index_management={"dashboards": {"tenant": name}}) for name in ("", "t" * 101)),
        refused("[1]", index_management={"settings": "[1]"}),
        refused("flat_object", index_management={"mappings": '{"properties":{"event_text":{"type":"flat_object"}}}'}),
        *(
            refused(f'"{kind}"', index_management={"mappings": json.dumps({"properties": {name: {"type": kind}}})})
            for name, kind in (("@timestamp", "keyword"), ("event_id", "long"), ("event_type", "text"))
        ),
        refused('"_source"', index_management={"mappings": '{"_source":{"enabled":false}}'}),
        refused("0.5", index_management={"priority": 0.5}),
        refused('"orders"', index_management={"alias": "orders"}),
        refused('"orders-2x"', index_management={"alias": "orders-2x"}),
        refused('"_all"', index_management={"alias": "_all"}),
        refused("0 with", index_management={"retention_days": 0}),
        refused("36501 with", index_management={"retention_days": 36501}),
        refused("aaaaaaaa", index_management={"alias": "a" * 101}),
        refused("1.5 with", index_management={"retention_days": 1.5}),
        refused('90 with "NoRotation"', index_management={"retention_days": 90}, index_rotation_period="NoRotation"),
        refused("parameter/x", index_management={"credentials_secret": {"arn": "arn:aws:ssm:eu-west-1:1:parameter/x"}}),
        refused("collection/abc", domain={**DOMAIN, "arn": "arn:aws:aoss:eu-west-1:123456789012:collection/abc"}),
        refused('"orders"', new_domain={"name": "orders"}),
        *(new_domain(f'"{name}"', name=name) for name in ("Orders", "ab", "a" * 29)),
        new_domain('"2.19"', engine_version="2.19"),
        *(new_domain(f'"{name}"', instance_type=name) for name in _NO_INSTANCES),
        *(new_domain(f'"{name}.search"', instance_type=f"{name}.search") for name in _NO_VOLUMES),
        refused("Received 11", domain=None, new_domain={}, tags={f"t{number}": "" for number in range(11)}),
        new_domain('"m7g.tiny.search"', master_type="m7g.tiny.search"),
        new_domain('"alias/aws/es"', kms_key={"arn": "alias/aws/es"}),
        new_domain("0", instance_count=0),
        new_domain("81", instance_count=81),
        new_domain("4", zone_count=4, instance_count=4),
        new_domain("3", zone_count=3, instance_count=2),
        new_domain("2", master_count=2),
        new_domain("9", volume_size_gib=9),
        new_domain("36865", volume_size_gib=36865),
        new_domain('["slow"]', logs=["slow"]),
        new_domain('["application","application"]', logs=["application", "application"]),
        new_domain('["audit"]', logs=["audit"]),
        *(new_domain(json.dumps(arn), access_principal_arns=[arn]) for arn in _NO_PRINCIPALS),
        new_domain('"arn:aws:iam::123456789012:role/*"', access_principal_arns=[ROLE, f"{ROLE.rpartition('/')[0]}/*"]),
        *(new_domain(json.dumps(arn), master_user_arn=arn) for arn in ("*", f"{ROLE}*", "search-admin")),
        refused("new_domain = {", new_domain={}),
        refused("new_domain = {", new_domain={"instance_count": 3}),
        refused('"https://search"', domain={**DOMAIN, "endpoint": "https://search"}),
        refused('"vpc-0a1b"', vpc={"subnet_ids": ["vpc-0a1b"], "security_group_ids": ["sg-0a1b"]}),
        refused('"security_group_ids":[]', vpc={"subnet_ids": ["subnet-0a1b"], "security_group_ids": []}),
        refused("sg-5", vpc={"subnet_ids": ["subnet-0a1b"], "security_group_ids": [f"sg-{n}" for n in range(6)]}),
        refused("subnet-16", vpc={"subnet_ids": [f"subnet-{n}" for n in range(17)], "security_group_ids": ["sg-0a1b"]}),
        refused('["subnet-1","subnet-1"]', vpc={"subnet_ids": ["subnet-1"] * 2, "security_group_ids": ["sg-0a1b"]}),
        refused("alias/x", index_management={"credentials_secret": {"arn": f"{SECRET}:x", "kms_key_arn": "alias/x"}}),
        refused('"default"', vpc={"subnet_ids": ["subnet-0a1b"], "security_group_ids": ["default"]}),
        refused('"subnet_ids":[]', vpc={"subnet_ids": [], "security_group_ids": ["sg-0a1b2c3d"]}),
        refused('["subnet-0a1b"]', domain=None, vpc={"subnet_ids": ["subnet-0a1b"], "security_group_ids": ["sg-0a1b"]}),
        refused('"None"', s3_backup_mode="None"),
    ]  # fmt: skip


def _replay() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("replay", inputs, received)

    twenty_one = [{"arn": f"{QUEUE}-{number}", "url": f"{QUEUE_URL}-{number}"} for number in range(21)]
    return [
        refused("59", retention_seconds=59),
        refused("1209601", retention_seconds=1209601),
        refused("checkout.fifo", destination_queue={"arn": f"{QUEUE}.fifo", "url": f"{QUEUE_URL}.fifo"}),
        refused("/payments", destination_queue={"arn": QUEUE, "url": QUEUE_URL.replace("checkout", "payments")}),
        refused(
            "/999999999999/", destination_queue={"arn": QUEUE, "url": QUEUE_URL.replace("123456789012", "999999999999")}
        ),
        refused("us-east-1", destination_queue={"arn": QUEUE, "url": QUEUE_URL.replace("eu-west", "us-east")}),
        refused(
            "us-east-1",
            destination_queue={"arn": QUEUE, "url": "https://us-east-1.queue.amazonaws.com/123456789012/checkout"},
        ),
        refused(_CENTRAL, destination_queue={"arn": QUEUE, "url": QUEUE_URL, "kms_key_arn": _CENTRAL}),
        *(
            refused(received, archive={"bucket": ARCHIVE}, targets=[{"arn": QUEUE, "url": QUEUE_URL, **wrong}])
            for received, wrong in (
                ("/999999999999/", {"url": QUEUE_URL.replace("123456789012", "999999999999")}),
                ("us-east-1", {"url": QUEUE_URL.replace("eu-west", "us-east")}),
                (_CENTRAL, {"kms_key_arn": _CENTRAL}),
            )
        ),
        refused("заказы", archive={"bucket": ARCHIVE, "prefix": "заказы/"}),
        refused("xxxx", archive={"bucket": ARCHIVE, "layout": f"{'x' * 246}yyyy/MM/dd/"}),
        refused("pppp", archive={"bucket": ARCHIVE}, roles={"path": f"/{'p' * 154}/"}),
        refused('"alias/x"', destination_queue={"arn": QUEUE, "url": QUEUE_URL, "kms_key_arn": "alias/x"}),
        refused(
            'key/*"', destination_queue={"arn": QUEUE, "url": QUEUE_URL, "kms_key_arn": f"{KEY.rpartition('/')[0]}/*"}
        ),
        *(refused(f'"{replay_id}"', replay_id=replay_id) for replay_id in ("heal orders", "", "r" * 129)),
        *(
            refused(f'"{name}"', archive={"bucket": {"arn": f"arn:aws:s3:::{name}", "name": name}})
            for name in ("ab", "b" * 64)
        ),
        refused("ppp", archive={"bucket": ARCHIVE, "prefix": "p" * 513}),
        refused("Received 21", archive={"bucket": ARCHIVE}, targets=twenty_one),
        refused("10241", archive_worker={"memory_size": 10241}),
        refused("59", archive_worker={"timeout_seconds": 59}),
        refused('"Orders"', archive={"bucket": {"arn": "arn:aws:s3:::Orders", "name": "Orders"}}),
        refused('":::payments"', archive={"bucket": {"arn": ":::payments", "name": "payments"}}),
        refused('"arn:aws:s3:::payments"', archive={"bucket": {"arn": "arn:aws:s3:::payments", "name": "archive"}}),
        refused('"event-fork-replays/x/"', archive={"bucket": ARCHIVE, "prefix": "event-fork-replays/x/"}),
        refused('"orders/*"', archive={"bucket": ARCHIVE, "prefix": "orders/*"}),
        refused('"yyyy/MM/"', archive={"bucket": ARCHIVE, "layout": "yyyy/MM/"}),
        refused('"*/yyyy/MM/dd/"', archive={"bucket": ARCHIVE, "layout": "*/yyyy/MM/dd/"}),
        refused('"yyyy/MM/dd"', archive={"bucket": ARCHIVE, "layout": "yyyy/MM/dd"}),
        refused('"alias/x"', archive={"bucket": ARCHIVE, "kms_key": {"arn": "alias/x"}}),
        refused("archive = null", targets=[{"arn": QUEUE, "url": QUEUE_URL}]),
        refused("Received 0", archive={"bucket": ARCHIVE}, targets=[]),
        refused("checkout.fifo", archive={"bucket": ARCHIVE}, targets=[{"arn": f"{QUEUE}.fifo", "url": QUEUE_URL}]),
        refused(
            f"{'q' * 76}.fifo",
            archive={"bucket": ARCHIVE},
            targets=[{"arn": f"{QUEUE[:-8]}{'q' * 76}.fifo", "url": f"{QUEUE_URL[:-8]}{'q' * 76}.fifo"}],
        ),
        refused(
            "checkout-dlq",
            archive={"bucket": ARCHIVE},
            targets=[
                {"arn": f"{QUEUE}.fifo", "url": f"{QUEUE_URL}.fifo", "dead_letter_queue_arn": f"{QUEUE}-dlq"},
            ],
        ),
        refused(
            "checkout-dlq.fifo",
            archive={"bucket": ARCHIVE},
            targets=[{"arn": QUEUE, "url": QUEUE_URL, "dead_letter_queue_arn": f"{QUEUE}-dlq.fifo"}],
        ),
        refused(
            "/payments",
            archive={"bucket": ARCHIVE},
            targets=[{"arn": QUEUE, "url": QUEUE_URL.replace("checkout", "payments")}],
        ),
        refused(
            '"alias/x"',
            archive={"bucket": ARCHIVE},
            targets=[{"arn": QUEUE, "url": QUEUE_URL, "kms_key_arn": "alias/x"}],
        ),
        refused(
            '"checkout-dlq"',
            archive={"bucket": ARCHIVE},
            targets=[{"arn": QUEUE, "url": QUEUE_URL, "dead_letter_queue_arn": "checkout-dlq"}],
        ),
        refused(f'"{QUEUE}"', archive={"bucket": ARCHIVE}, targets=[{"arn": QUEUE, "url": QUEUE_URL}] * 2),
        refused("127", archive_worker={"memory_size": 127}),
        refused("901", archive_worker={"timeout_seconds": 901}),
    ]


def _derived() -> list[Refusal]:
    return [Refusal(module, inputs, received) for module, _, inputs, received in wrong_values()]


def _own_variables() -> list[Refusal]:
    """Each environment variable that a module sets itself, where its function has its own settings."""
    return [
        Refusal(module, {"environment_variables": {name: "other"}}, name)
        for module in ("fork", "storage-backup", "search-analytics", "replay")
        for file in sorted((MODULES / module).glob("*.tf"))
        for written in re.findall(
            r"function_environment += merge\(.*?^  }\)$", file.read_text(), re.MULTILINE | re.DOTALL
        )
        for name in sorted({*re.findall(r"\b([A-Z_]{4,}) += ", written)})
    ]


def _root() -> list[Refusal]:
    def refused(received: str, **inputs: Any) -> Refusal:
        return Refusal("root", inputs, received)

    return [
        refused("-orders", storage_backups={"-orders": {}}),
        refused("orders = null", storage_backups={"orders": None}),
        refused("Orders, orders", replays={}, storage_backups={"Orders": {}, "orders": {}}),
        refused(
            "Orders, orders",
            replays={},
            storage_backups={"Orders": {}},
            search_analytics={"orders": {"index_name": "o"}},
        ),
        refused("orders, orders-dlq", replays={}, storage_backups={"orders": {}, "orders-dlq": {}}),
        refused("orders, orders-sns", replays={}, storage_backups={"orders": {"ingest": "direct"}, "orders-sns": {}}),
        refused(
            "orders, orders-stream-3",
            replays={},
            storage_backups={"orders": {"stream_count": 3}, "orders-stream-3": {}},
        ),
        refused("a, b", storage_backups={key: {"athena": {"database": {"name": "lake"}}} for key in "ab"}),
        refused("a, b", storage_backups={"a": {"athena": {}}, "b": {"athena": {"database": {"name": "a"}}}}),
        refused("a, b", search_analytics={key: {"index_name": key, "new_domain": {"name": "shop"}} for key in "ab"}),
        refused(
            "b, shop",
            search_analytics={"b": {"index_name": "b", "new_domain": {"name": "shop"}}, "shop": {"index_name": "s"}},
        ),
        refused("or ders", search_analytics={"or ders": {"index_name": "orders"}}),
        refused("o" * 41, replays={"o" * 41: {"destination_queue": {"arn": QUEUE, "url": QUEUE_URL}}}),
    ]


THROUGH_OTHERS = {
    "alarms.actions": Refusal("root", {"storage_backups": {"orders": {"alarms": {"actions": ["oncall"]}}}}, '"oncall"'),
    "new_domain": Refusal(
        "root",
        {"search_analytics": {"search": {"index_name": "o", "domain": DOMAIN, "new_domain": {"name": "new"}}}},
        '"name":"new"',
    ),
    "function.timeout_seconds": Refusal("storage-backup", {"function": {"timeout_seconds": 901}}, "901"),
    "kms_key.arn": Refusal("replay", {"kms_key": {"arn": "alias/aws/sqs"}}, '"alias/aws/sqs"'),
    "lifecycle_rules must": Refusal("storage-backup", {"lifecycle_rules": [{"id": "colder"}]}, '[{"enabled":true'),
    "lifecycle_rules[*].id": Refusal(
        "search-analytics", {"lifecycle_rules": [{"id": "a", "expiration_days": 9}] * 2}, '["a","a"]'
    ),
    "transformation_function.retries": Refusal(
        "search-analytics", {"transformation_function": {"arn": FUNCTION, "retries": 301}}, "301"
    ),
    "environment_variables": Refusal("replay", {"environment_variables": {"AWS_REGION": "x"}}, "AWS_REGION"),
}
"""The caller's input -> a refusal by a module that the called one calls in its turn."""

REFUSALS = [
    *_root(),
    *_redact(),
    *_filter_policies(),
    *_fork(),
    *_bucket(),
    *_delivery(),
    *_storage_backup(),
    *_search_analytics(),
    *_replay(),
    *_own_variables(),
    *_derived(),
]
