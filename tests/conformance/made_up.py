"""What AWS computes for a resource, made up in the form that AWS gives it: ARNs, ids, URLs.

A plan of new resources leaves them open. They are needed to see the policies and definitions that name them.
"""

import zlib
from collections.abc import Callable
from typing import Any

ACCOUNT = "123456789012"

Values = dict[str, Any]

_PARTITIONS = {"us-gov-west-1": "aws-us-gov", "cn-north-1": "aws-cn"}
_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


def made_up(kind: str, address: str, values: Values, region: str) -> Values:
    """The attributes of a resource of the type `kind` once it is made: `values` and what the plan leaves open."""
    place = _Place(region)
    known = {name: value for name, value in values.items() if value is not None}
    if kind == "aws_s3_bucket" and "bucket" not in known:
        known["bucket"] = f"{known.get('bucket_prefix', 'bucket-')}{zlib.crc32(address.encode()):026d}"[:63]
    computed = _COMPUTED.get(kind, _anything)(place, known, address)
    return values | {name: value for name, value in (computed | known).items() if values.get(name) is None}


class _Place:
    """A Region of the account, and how ARNs and addresses are written there."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.partition = _PARTITIONS.get(region, "aws")
        self.suffix = _SUFFIXES.get(self.partition, "amazonaws.com")

    def arn(self, service: str, name: str, *, region: str | None = None, account: str = ACCOUNT) -> str:
        return f"arn:{self.partition}:{service}:{self.region if region is None else region}:{account}:{name}"


def _anything(place: _Place, values: Values, address: str) -> Values:
    return {"id": values.get("name", f"made-{zlib.crc32(address.encode()):08x}")}


def _queue(place: _Place, values: Values, address: str) -> Values:
    url = f"https://sqs.{place.region}.{place.suffix}/{ACCOUNT}/{values['name']}"
    return {"id": url, "url": url, "arn": place.arn("sqs", values["name"])}


def _topic(place: _Place, values: Values, address: str) -> Values:
    arn = place.arn("sns", values["name"])
    return {"id": arn, "arn": arn, "owner": ACCOUNT}


def _subscription(place: _Place, values: Values, address: str) -> Values:
    arn = f"{values.get('topic_arn', place.arn('sns', 'made'))}:{_uuid(address)}"
    return {"id": arn, "arn": arn, "owner_id": ACCOUNT}


def _function(place: _Place, values: Values, address: str) -> Values:
    arn = place.arn("lambda", f"function:{values['function_name']}")
    invoke = f"arn:{place.partition}:apigateway:{place.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    return {
        "id": values["function_name"],
        "arn": arn,
        "qualified_arn": f"{arn}:1",
        "version": "1",
        "invoke_arn": invoke,
    }


def _mapping(place: _Place, values: Values, address: str) -> Values:
    return {"id": _uuid(address), "uuid": _uuid(address)}


def _role(place: _Place, values: Values, address: str) -> Values:
    return {
        "id": values["name"],
        "arn": place.arn("iam", f"role{values.get('path', '/')}{values['name']}", region=""),
        "unique_id": f"AROA{zlib.crc32(address.encode()):016X}",
    }


def _role_policy(place: _Place, values: Values, address: str) -> Values:
    return {"id": f"{values.get('role', 'role')}:{values.get('name', 'policy')}"}


def _log_group(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["name"], "arn": place.arn("logs", f"log-group:{values['name']}")}


def _bucket(place: _Place, values: Values, address: str) -> Values:
    name = values["bucket"]
    return {
        "id": name,
        "arn": place.arn("s3", name, region="", account=""),
        "bucket_domain_name": f"{name}.s3.{place.suffix}",
        "bucket_regional_domain_name": f"{name}.s3.{place.region}.{place.suffix}",
    }


def _of_bucket(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["bucket"]} if "bucket" in values else {}


def _lifecycle(place: _Place, values: Values, address: str) -> Values:
    # The provider writes no owner as "" here (seen in the state after an apply), and replaces what has null.
    return _of_bucket(place, values, address) | {"expected_bucket_owner": ""}


def _stream(place: _Place, values: Values, address: str) -> Values:
    arn = place.arn("firehose", f"deliverystream/{values['name']}")
    return {"id": arn, "arn": arn, "version_id": "1", "destination_id": "destinationId-000000000001"}


def _domain(place: _Place, values: Values, address: str) -> Values:
    arn = place.arn("es", f"domain/{values['domain_name']}")
    endpoint = f"search-{values['domain_name']}-made.{place.region}.es.{place.suffix}"
    return {"id": arn, "arn": arn, "endpoint": endpoint, "domain_id": f"{ACCOUNT}/{values['domain_name']}"}


def _state_machine(place: _Place, values: Values, address: str) -> Values:
    arn = place.arn("states", f"stateMachine:{values['name']}")
    return {"id": arn, "arn": arn, "status": "ACTIVE"}


def _parameter(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["name"], "arn": place.arn("ssm", f"parameter{values['name']}"), "version": 1}


def _database(place: _Place, values: Values, address: str) -> Values:
    return {
        "id": f"{ACCOUNT}:{values['name']}",
        "catalog_id": ACCOUNT,
        "arn": place.arn("glue", f"database/{values['name']}"),
    }


def _table(place: _Place, values: Values, address: str) -> Values:
    database = values.get("database_name", "made")
    arn = place.arn("glue", f"table/{database}/{values['name']}")
    return {"id": f"{ACCOUNT}:{database}:{values['name']}", "catalog_id": ACCOUNT, "arn": arn}


def _workgroup(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["name"], "arn": place.arn("athena", f"workgroup/{values['name']}")}


def _dynamodb_table(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["name"], "arn": place.arn("dynamodb", f"table/{values['name']}")}


def _alarm(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["alarm_name"], "arn": place.arn("cloudwatch", f"alarm:{values['alarm_name']}")}


def _event_rule(place: _Place, values: Values, address: str) -> Values:
    return {"id": values["name"], "arn": place.arn("events", f"rule/{values['name']}")}


def _key(place: _Place, values: Values, address: str) -> Values:
    return {"id": _uuid(address), "key_id": _uuid(address), "arn": place.arn("kms", f"key/{_uuid(address)}")}


def _rest_api(place: _Place, values: Values, address: str) -> Values:
    name = f"{zlib.crc32(address.encode()):010d}"
    return {
        "id": name,
        "arn": place.arn("apigateway", f"/restapis/{name}", account=""),
        "root_resource_id": "root000000",
        "execution_arn": place.arn("execute-api", name),
    }


def _stage(place: _Place, values: Values, address: str) -> Values:
    url = (
        f"https://{values.get('rest_api_id', 'made')}.execute-api.{place.region}.{place.suffix}/{values['stage_name']}"
    )
    return {"id": f"ags-{values['stage_name']}", "invoke_url": url}


def _uuid(address: str) -> str:
    return f"00000000-0000-4000-8000-{zlib.crc32(address.encode()):012x}"


_COMPUTED: dict[str, Callable[[_Place, Values, str], Values]] = {
    "aws_api_gateway_rest_api": _rest_api,
    "aws_api_gateway_stage": _stage,
    "aws_athena_workgroup": _workgroup,
    "aws_cloudwatch_event_rule": _event_rule,
    "aws_cloudwatch_log_group": _log_group,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_dynamodb_table": _dynamodb_table,
    "aws_glue_catalog_database": _database,
    "aws_glue_catalog_table": _table,
    "aws_iam_role": _role,
    "aws_iam_role_policy": _role_policy,
    "aws_kinesis_firehose_delivery_stream": _stream,
    "aws_kms_key": _key,
    "aws_lambda_event_source_mapping": _mapping,
    "aws_lambda_function": _function,
    "aws_opensearch_domain": _domain,
    "aws_s3_bucket": _bucket,
    "aws_s3_bucket_lifecycle_configuration": _lifecycle,
    "aws_s3_bucket_ownership_controls": _of_bucket,
    "aws_s3_bucket_policy": _of_bucket,
    "aws_s3_bucket_public_access_block": _of_bucket,
    "aws_s3_bucket_server_side_encryption_configuration": _of_bucket,
    "aws_s3_bucket_versioning": _of_bucket,
    "aws_sfn_state_machine": _state_machine,
    "aws_sns_topic": _topic,
    "aws_sns_topic_subscription": _subscription,
    "aws_sqs_queue": _queue,
    "aws_ssm_parameter": _parameter,
}
