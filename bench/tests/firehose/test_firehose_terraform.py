"""Terraform's aws_kinesis_firehose_delivery_stream against this server alone. Notes 1.8.

One configuration holds a stream per group of arguments: apply -> plan empty -> change every stream -> update in place
-> plan empty (some streams imported anew) -> destroy. Terraform runs once for all; each stream has its subtest.
"""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from firehose.harness import DOMAIN, ROLE

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings
from testbench.terraform import run_terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

TYPE = "aws_kinesis_firehose_delivery_stream"
BUCKET = "arn:aws:s3:::bucket"
KEY = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("1111", "9999", 1)
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST"
ERRORS = "errors/!{firehose:error-output-type}/"
LOGGING = {"enabled": True, "log_group_name": "/aws/kinesisfirehose/s", "log_stream_name": "DestinationDelivery"}
Block = dict[str, Any]


def parameters(**values: str) -> list[Block]:
    return [{"parameter_name": name, "parameter_value": value} for name, value in values.items()]


def processor(kind: str, **values: str) -> Block:
    return {"type": kind, "parameters": parameters(**values)}


def processing(*processors: Block) -> Block:
    return {"processing_configuration": {"enabled": True, "processors": list(processors)}}


def s3(**arguments: Any) -> Block:
    """A stream to S3."""
    return {
        "destination": "extended_s3",
        "extended_s3_configuration": {"role_arn": ROLE, "bucket_arn": BUCKET, **arguments},
    }


def opensearch(s3_arguments: Block | None = None, **arguments: Any) -> Block:
    """A stream to OpenSearch."""
    return {
        "destination": "opensearch",
        "opensearch_configuration": {
            "role_arn": ROLE,
            "domain_arn": DOMAIN,
            "index_name": "orders",
            "s3_configuration": {"role_arn": ROLE, "bucket_arn": BUCKET, **(s3_arguments or {})},
            **arguments,
        },
    }


def conversion(serializer: Block, deserializer: Block) -> Block:
    """Format conversion to a Glue table."""
    return {
        "buffering_size": 64,
        "data_format_conversion_configuration": {
            "input_format_configuration": {"deserializer": deserializer},
            "output_format_configuration": {"serializer": serializer},
            "schema_configuration": {"database_name": "d", "table_name": "t", "role_arn": ROLE},
        },
    }


def partitions(prefix: str) -> Block:
    """Dynamic partitioning by a query over unpacked records."""
    return {
        "buffering_size": 64,
        "prefix": prefix,
        "error_output_prefix": ERRORS,
        "dynamic_partitioning_configuration": {"enabled": True, "retry_duration": 120},
        **processing(
            processor("RecordDeAggregation", SubRecordType="JSON"),
            processor("MetadataExtraction", MetadataExtractionQuery="{type:.type}", JsonParsingEngine="JQ-1.6"),
            {"type": "AppendDelimiterToRecord"},
        ),
    }


VPC = {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"], "role_arn": ROLE}
BACKUP = {"role_arn": ROLE, "bucket_arn": BUCKET, "prefix": "raw/", "compression_format": "GZIP"}

KINESIS = {
    "kinesis_source_configuration": {
        "kinesis_stream_arn": "arn:aws:kinesis:eu-west-1:000000000000:stream/data",
        "role_arn": ROLE,
    }
}

# name -> (as created, as changed); every change must be made in place
STREAMS: dict[str, tuple[Block, Block]] = {
    "least": (s3(), s3(buffering_interval=60)),
    "buffering": (s3(buffering_size=1, buffering_interval=0), s3(buffering_size=128, buffering_interval=900)),
    "prefixes": (
        s3(prefix="a/", error_output_prefix="failed/"),
        s3(prefix="date=!{timestamp:yyyy-MM-dd}/", error_output_prefix=ERRORS),
    ),
    "prefix_taken_away": (s3(prefix="a/"), s3()),
    "compression_gzip": (s3(compression_format="GZIP"), s3(compression_format="ZIP")),
    "compression_snappy": (s3(compression_format="Snappy"), s3(compression_format="HADOOP_SNAPPY")),
    "compression_taken_away": (s3(compression_format="GZIP"), s3(compression_format="UNCOMPRESSED")),
    "object_key": (s3(kms_key_arn=KEY), s3(kms_key_arn=OTHER_KEY)),
    "logging": (s3(cloudwatch_logging_options=LOGGING), s3(cloudwatch_logging_options={"enabled": False})),
    "zone_and_extension": (
        s3(custom_time_zone="UTC", file_extension=".jsonl"),
        s3(custom_time_zone="Europe/Berlin", file_extension=".json.gz"),
    ),
    "function": (
        s3(**processing(processor("Lambda", LambdaArn=FUNCTION))),
        s3(
            **processing(
                processor("Lambda", LambdaArn=FUNCTION, BufferSizeInMBs="2", NumberOfRetries="1"),
                {"type": "AppendDelimiterToRecord"},
            )
        ),
    ),
    "function_taken_away": (
        s3(**processing(processor("Lambda", LambdaArn=FUNCTION, BufferIntervalInSeconds="90"))),
        s3(processing_configuration={"enabled": False}),
    ),
    "log_messages": (
        s3(**processing(processor("Decompression", CompressionFormat="GZIP"))),
        s3(
            **processing(
                processor("Decompression", CompressionFormat="GZIP"),
                processor("CloudWatchLogProcessing", DataMessageExtraction="true"),
            )
        ),
    ),
    "partitions": (
        s3(**partitions("type=!{partitionKeyFromQuery:type}/")),
        s3(**partitions("!{partitionKeyFromQuery:type}/!{timestamp:yyyy}/")),
    ),
    "backup": (s3(), s3(s3_backup_mode="Enabled", s3_backup_configuration=BACKUP)),
    "backup_changed": (
        s3(s3_backup_mode="Enabled", s3_backup_configuration=BACKUP),
        s3(s3_backup_mode="Enabled", s3_backup_configuration={**BACKUP, "prefix": "other/"}),
    ),
    "parquet": (
        s3(**conversion({"parquet_ser_de": {"compression": "GZIP"}}, {"open_x_json_ser_de": {}})),
        s3(
            **conversion(
                {"parquet_ser_de": {"compression": "SNAPPY", "writer_version": "V2"}},
                {"open_x_json_ser_de": {"column_to_json_key_mappings": {"at": "ts"}}},
            )
        ),
    ),
    "orc": (
        s3(**conversion({"orc_ser_de": {}}, {"hive_json_ser_de": {"timestamp_formats": ["yyyy-MM-dd"]}})),
        s3(**conversion({"orc_ser_de": {"compression": "ZLIB"}}, {"hive_json_ser_de": {}})),
    ),
    "encryption": (
        {**s3(), "server_side_encryption": {"enabled": True}},
        {
            **s3(),
            "server_side_encryption": {"enabled": True, "key_type": "CUSTOMER_MANAGED_CMK", "key_arn": KEY},
        },
    ),
    "encryption_taken_away": (
        {**s3(), "server_side_encryption": {"enabled": True}},
        {**s3(), "server_side_encryption": {"enabled": False}},
    ),
    "kinesis_source": ({**s3(), **KINESIS}, {**s3(prefix="x/"), **KINESIS}),
    "tags": ({**s3(), "tags": {"a": "1", "b": "2"}}, {**s3(), "tags": {"b": "3", "c": ""}}),
    "search": (opensearch(), opensearch(index_name="other", retry_duration=0)),
    "search_rotation": (
        opensearch(index_rotation_period="NoRotation"),
        opensearch(index_rotation_period="OneMonth"),
    ),
    "search_buffering": (
        opensearch(buffering_interval=60, buffering_size=1),
        opensearch(buffering_interval=0, buffering_size=100, retry_duration=7200),
    ),
    "search_logging": (
        opensearch(cloudwatch_logging_options=LOGGING, s3_arguments={"cloudwatch_logging_options": LOGGING}),
        opensearch(cloudwatch_logging_options={"enabled": False}),
    ),
    "search_all_documents": (
        opensearch(s3_backup_mode="AllDocuments"),
        opensearch(s3_backup_mode="AllDocuments", s3_arguments={"prefix": "all/", "compression_format": "GZIP"}),
    ),
    "search_copies": (
        opensearch(s3_arguments={"buffering_interval": 60, "buffering_size": 1, "kms_key_arn": KEY}),
        opensearch(
            s3_arguments={"prefix": "!{timestamp:yyyy}/", "error_output_prefix": ERRORS, "kms_key_arn": OTHER_KEY}
        ),
    ),
    "search_document_id": (
        opensearch(document_id_options={"default_document_id_format": "NO_DOCUMENT_ID"}),
        opensearch(document_id_options={"default_document_id_format": "FIREHOSE_DEFAULT"}),
    ),
    "search_function": (
        opensearch(**processing(processor("Lambda", LambdaArn=FUNCTION))),
        opensearch(**processing(processor("Lambda", LambdaArn=FUNCTION, NumberOfRetries="0"))),
    ),
    "search_endpoint": (
        opensearch(domain_arn=None, cluster_endpoint="https://search.example.com"),
        opensearch(domain_arn=None, cluster_endpoint="https://other.example.com"),
    ),
    "search_vpc": (opensearch(vpc_config=VPC), opensearch(vpc_config=VPC, index_name="other")),
}

IMPORTED = ("partitions", "search_vpc", "encryption")


def configuration(endpoint: str, changed: bool) -> Block:
    """The whole configuration as Terraform JSON."""
    streams = {name: {"name": name, **copy.deepcopy(both[changed])} for name, both in STREAMS.items()}
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {
            "aws": {
                "region": "eu-west-1",
                "access_key": "test",
                "secret_key": "test",
                "skip_credentials_validation": True,
                "skip_metadata_api_check": True,
                "skip_requesting_account_id": True,
                "endpoints": {"firehose": endpoint},
            }
        },
        "resource": {TYPE: streams},
    }


@dataclass
class Run:
    """What Terraform did: per plan, what it would do to each stream; what was left on the server at the end."""

    plans: dict[str, dict[str, str]] = field(default_factory=dict)
    left: list[str] | None = None


class Terraform:
    """Terraform in one folder. Every command starts the provider, which takes seconds: as few as possible."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, content: Block) -> None:
        (self._folder / "main.tf.json").write_text(json.dumps(content))

    def run(self, *arguments: str) -> str:
        return run_terraform(arguments, self._folder).stdout

    def plan(self) -> dict[str, str]:
        """Stream -> what a plan would do to it; nothing to do is "no-op"."""
        output = self.run("plan", "-input=false", "-out=plan", "-parallelism=40", "-json")
        found = dict.fromkeys(STREAMS, "no-op")
        for line in map(json.loads, output.splitlines()):
            if line["type"] == "planned_change":
                found[line["change"]["resource"]["resource_name"]] = line["change"]["action"]
        return found

    def apply(self) -> None:
        self.run("apply", "-input=false", "-parallelism=40", "-no-color", "plan")


def run_all(folder: Path) -> Run:
    """Create, change, import and destroy all streams."""
    run = Run()
    here = Terraform(folder)
    with FakeAws() as aws:
        aws.network.update({"subnet-1": "vpc-1", "sg-1": "vpc-1"})
        settings = Settings(aws.endpoint, check_roles=False, check_kms=False, clock_speed=10)
        with RunningFirehose(settings) as firehose:
            here.write(configuration(firehose.endpoint, changed=False))
            here.run("init", "-input=false", "-no-color")
            run.plans["create"] = here.plan()
            here.apply()
            run.plans["after create"] = here.plan()
            changed = configuration(firehose.endpoint, changed=True)
            here.write(changed)
            run.plans["change"] = here.plan()
            here.apply()
            here.run("state", "rm", *(f"{TYPE}.{name}" for name in IMPORTED))
            arn = "arn:aws:firehose:eu-west-1:000000000000:deliverystream"
            imports = [{"to": f"{TYPE}.{name}", "id": f"{arn}/{name}"} for name in IMPORTED]
            here.write({**changed, "import": imports})
            run.plans["after change"] = here.plan()
            here.apply()
            here.run("destroy", "-auto-approve", "-input=false", "-parallelism=40", "-no-color")
            run.left = firehose.client().list_delivery_streams(Limit=100)["DeliveryStreamNames"]
    return run


@pytest.mark.behaviour("1.8", "terraform")
def test_streams_of_every_argument_plan_empty_are_updated_in_place_imported_and_destroyed(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    run = run_all(tmp_path)
    for name in STREAMS:
        with subtests.test(name):
            assert {step: plan[name] for step, plan in run.plans.items()} == {
                "create": "create",
                "after create": "no-op",
                "change": "update",
                # An import that finds a difference would be planned as "update".
                "after change": "import" if name in IMPORTED else "no-op",
            }
    with subtests.test("destroy"):
        assert run.left == []
