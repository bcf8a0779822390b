"""S3, Lambda, KMS, IAM, EC2, Glue, CloudWatch, Logs and OpenSearch at one endpoint, as far as Firehose calls them."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from aiohttp import web

from local_firehose.fakes.threads import ThreadedApp

Function = Callable[[dict[str, Any]], Any]
FIREHOSE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was put: bytes and request headers (lower-case names)."""

    bucket: str
    key: str
    body: bytes
    headers: dict[str, str]
    parts: int = 0  # of a multipart upload; 0 for a plain put


@dataclass(frozen=True, slots=True)
class AwsError(Exception):
    """Raise from a scripted answer to make a call fail."""

    status: int
    code: str
    message: str = ""


@dataclass(slots=True)
class Upload:
    bucket: str
    key: str
    headers: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


class FakeAws(ThreadedApp):
    """Buckets exist once made with create_bucket(); functions once put into ``functions`` by name."""

    def __init__(self) -> None:
        super().__init__(self._app)
        self.functions: dict[str, Function] = {}
        self.roles: dict[str, dict[str, Any]] = {}
        self.role_sessions: list[tuple[str, str, str]] = []  # role, session name, external id
        self.session_roles: dict[str, str] = {}  # access key -> role
        self.keys: dict[str, dict[str, Any]] = {}
        self.tables: dict[tuple[str, str], dict[str, Any]] = {}
        self.network: dict[str, str] = {}  # ids of subnets and security groups -> VPC
        self.domains: dict[str, dict[str, Any]] = {}
        self.kinesis: dict[str, dict[str, list[dict[str, Any]]]] = {}  # stream ARN -> shard -> records
        self.closed_shards: set[str] = set()
        self.refuse_reads: dict[str, list[AwsError]] = {}  # stream ARN -> each refuses one GetRecords
        self.metrics: list[dict[str, Any]] = []
        self.log_events: list[tuple[str, str, dict[str, Any]]] = []
        self.invocations: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[str] = []
        self.refuse_puts: list[AwsError] = []  # each refuses one object
        self.keep_objects = True  # False: count only (the benchmark)
        self.bytes_put = 0
        self.put_delay = 0.0
        self._objects: dict[tuple[str, str], StoredObject] = {}
        self._buckets: set[str] = set()
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()

    # --- what tests do and look at ------------------------------------------------------------------------------

    def create_bucket(self, name: str) -> None:
        """Make a bucket."""
        self._buckets.add(name)

    def delete_bucket(self, name: str) -> None:
        """Take a bucket away, with its objects."""
        self._buckets.discard(name)

    def objects(self, bucket: str, prefix: str = "") -> list[StoredObject]:
        """Objects of a bucket by key."""
        with self._lock:
            found = [o for (b, key), o in self._objects.items() if b == bucket and key.startswith(prefix)]
        return sorted(found, key=lambda stored: stored.key)

    def metric_values(self, name: str) -> list[dict[str, Any]]:
        """The statistic sets put for one metric."""
        return [datum["StatisticValues"] for datum in list(self.metrics) if datum["MetricName"] == name]

    # --- the wire -----------------------------------------------------------------------------------------------

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=512 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            target = request.headers.get("X-Amz-Target", "")
            if target:
                return await self._json_call(target.rpartition(".")[2], json.loads(body))
            if request.path.startswith("/2015-03-31/functions/"):
                return await self._invoke(unquote(request.path.split("/")[3]), body)
            if request.path.startswith("/2021-01-01/opensearch/domain/"):
                return self._describe_domain(request.path.rpartition("/")[2])
            if request.path == "/" and body.startswith(b"Action="):
                return self._query_call(parse_qs(body.decode()))
            return await self._s3(request, body)
        except AwsError as error:
            return _failure(request, error)

    async def _json_call(self, operation: str, given: dict[str, Any]) -> web.Response:
        self.calls.append(operation)
        handler = getattr(self, f"_do_{operation}", None)
        if handler is None:
            raise AwsError(400, "UnknownOperationException", operation)
        return web.json_response(handler(given), content_type="application/x-amz-json-1.1")

    def _do_DescribeKey(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 (the operation's name)
        metadata = self.keys.get(given["KeyId"])
        if metadata is None:
            raise AwsError(400, "NotFoundException", f"Key '{given['KeyId']}' does not exist")
        return {"KeyMetadata": {"KeyId": given["KeyId"], "KeyState": "Enabled", **metadata}}

    def _do_GetTable(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        table = self.tables.get((given["DatabaseName"], given["Name"]))
        if table is None:
            raise AwsError(400, "EntityNotFoundException", f"Table {given['Name']} not found.")
        return {"Table": {"Name": given["Name"], "DatabaseName": given["DatabaseName"], **table}}

    def _do_GetTableVersion(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        table = self.tables.get((given["DatabaseName"], given["TableName"]))
        if table is None or table.get("VersionId", "0") != given["VersionId"]:
            raise AwsError(400, "EntityNotFoundException", f"Version {given['VersionId']} not found.")
        return {"TableVersion": {"Table": {"Name": given["TableName"], **table}, "VersionId": given["VersionId"]}}

    def _do_PutMetricData(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.metrics.extend({"Namespace": given["Namespace"], **datum} for datum in given["MetricData"])
        return {}

    def _do_PutLogEvents(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for event in given["logEvents"]:
            self.log_events.append((given["logGroupName"], given["logStreamName"], json.loads(event["message"])))
        return {"nextSequenceToken": "1"}

    def _do_DescribeStreamSummary(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.shards(given["StreamARN"])
        return {"StreamDescriptionSummary": {"StreamARN": given["StreamARN"], "RetentionPeriodHours": 48}}

    def _do_ListShards(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"Shards": [{"ShardId": shard} for shard in self.shards(given["StreamARN"])]}

    def _do_GetShardIterator(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        records = self.shards(given["StreamARN"])[given["ShardId"]]
        if given["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER":
            start = 1 + next(n for n, r in enumerate(records) if r["SequenceNumber"] == given["StartingSequenceNumber"])
        else:
            arrivals = (r["ApproximateArrivalTimestamp"] for r in records)
            start = sum(arrival < given["Timestamp"] for arrival in arrivals)
        return {"ShardIterator": f"{given['ShardId']}:{start}"}

    def _do_GetRecords(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if refusals := self.refuse_reads.get(given["StreamARN"]):
            raise refusals.pop(0)
        shard, _, start = given["ShardIterator"].partition(":")
        all_records = self.shards(given["StreamARN"])[shard]
        records = all_records[int(start) : int(start) + given["Limit"]]
        end = int(start) + len(records)
        closed = shard in self.closed_shards and end == len(all_records)
        following = {} if closed else {"NextShardIterator": f"{shard}:{end}"}
        return {"Records": records, "MillisBehindLatest": 0, **following}

    def put_kinesis(self, stream_arn: str, shard: str, data: bytes, partition_key: str = "k") -> str:
        """Put one record into a shard; its sequence number."""
        records = self.kinesis.setdefault(stream_arn, {}).setdefault(shard, [])
        number = f"{len(records) + 1:056d}"
        records.append(
            {
                "SequenceNumber": number,
                "ApproximateArrivalTimestamp": time.time(),
                "Data": base64.b64encode(data).decode(),
                "PartitionKey": partition_key,
            }
        )
        return number

    def shards(self, stream_arn: str) -> dict[str, list[dict[str, Any]]]:
        """Shards of a data stream with their records."""
        if stream_arn not in self.kinesis:
            raise AwsError(400, "ResourceNotFoundException", f"Stream {stream_arn} not found.")
        return self.kinesis[stream_arn]

    def _query_call(self, given: dict[str, list[str]]) -> web.Response:
        action = given["Action"][0]
        self.calls.append(action)
        if action in ("DescribeSubnets", "DescribeSecurityGroups"):
            return self._network_call(action, given)
        if action == "AssumeRole":
            return self._assume_role(given)
        if action != "GetRole":
            raise AwsError(400, "InvalidAction", action)
        name = given["RoleName"][0]
        trust = self.roles.get(name)
        if trust is None:
            raise AwsError(404, "NoSuchEntity", f"The role with name {name} cannot be found.")
        policy = escape(json.dumps(trust))
        text = (
            '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
            f"<Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA0000000000000000</RoleId>"
            f"<Arn>arn:aws:iam::000000000000:role/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
            f"<AssumeRolePolicyDocument>{policy}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"
        )
        return web.Response(text=text, content_type="text/xml")

    def _assume_role(self, given: dict[str, list[str]]) -> web.Response:
        role = given["RoleArn"][0]
        if role.rpartition("/")[2] not in self.roles:
            raise AwsError(403, "AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {role}")
        self.role_sessions.append((role, given["RoleSessionName"][0], given["ExternalId"][0]))
        key = f"ASIA{len(self.role_sessions):016d}"
        self.session_roles[key] = role
        text = (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )
        return web.Response(text=text, content_type="text/xml")

    def role_of(self, headers: dict[str, str]) -> str:
        """The role whose session signed a request; empty when none did."""
        key = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        return self.session_roles.get(key, "")

    def _network_call(self, action: str, given: dict[str, list[str]]) -> web.Response:
        kind, member = ("Subnet", "subnetId") if action == "DescribeSubnets" else ("Group", "groupId")
        asked = [values[0] for name, values in given.items() if name.startswith(f"{kind}Id.")]
        found = [one for one in asked if one in self.network]
        if found != asked:
            raise AwsError(400, f"Invalid{kind}.NotFound", f"{asked} do not exist")
        items = "".join(f"<item><{member}>{one}</{member}><vpcId>{self.network[one]}</vpcId></item>" for one in found)
        name = "subnetSet" if kind == "Subnet" else "securityGroupInfo"
        text = f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><{name}>{items}</{name}></{action}Response>'
        return web.Response(text=text, content_type="text/xml")

    async def _invoke(self, function: str, body: bytes) -> web.Response:
        name = function.rpartition("function:")[2].split(":")[0]
        event = json.loads(body)
        self.invocations.append((function, event))
        if name not in self.functions:
            raise AwsError(404, "ResourceNotFoundException", f"Function not found: {function}")
        try:
            answer = await asyncio.to_thread(self.functions[name], event)
        except AwsError:
            raise
        except Exception as error:
            failure = {"errorMessage": str(error), "errorType": type(error).__name__}
            return web.json_response(failure, headers={"X-Amz-Function-Error": "Unhandled"})
        if isinstance(answer, bytes):
            return web.Response(body=answer)
        return web.json_response(answer)

    def _describe_domain(self, name: str) -> web.Response:
        self.calls.append("DescribeDomain")
        if name not in self.domains:
            raise AwsError(409, "ResourceNotFoundException", f"Domain not found: {name}")
        return web.json_response({"DomainStatus": {"DomainName": name, **self.domains[name]}})

    # --- S3 -----------------------------------------------------------------------------------------------------

    async def _s3(self, request: web.Request, body: bytes) -> web.Response:
        bucket, _, key = unquote(request.path).lstrip("/").partition("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.method == "PUT" and not key:
            self.create_bucket(bucket)
            return web.Response()
        if bucket not in self._buckets:
            raise AwsError(404, "NoSuchBucket", "The specified bucket does not exist")
        query = request.query
        if request.method == "POST" and "uploads" in query:
            return self._start_upload(Upload(bucket, key, headers))
        if request.method == "PUT" and "uploadId" in query:
            self._uploads[query["uploadId"]].parts[int(query["partNumber"])] = body
            return web.Response(headers={"ETag": '"part"'})
        if request.method == "POST" and "uploadId" in query:
            return await self._finish_upload(query["uploadId"])
        if request.method == "DELETE" and "uploadId" in query:
            self._uploads.pop(query["uploadId"], None)
            return web.Response(status=204)
        if request.method == "PUT":
            await self._store(StoredObject(bucket, key, body, headers))
            return web.Response(headers={"ETag": '"object"'})
        raise AwsError(405, "MethodNotAllowed", request.method)

    async def _store(self, stored: StoredObject) -> None:
        if self.refuse_puts:
            raise self.refuse_puts.pop(0)
        if self.put_delay:
            await asyncio.sleep(self.put_delay)
        self.bytes_put += len(stored.body)
        if self.keep_objects:
            with self._lock:
                self._objects[stored.bucket, stored.key] = stored

    def _start_upload(self, upload: Upload) -> web.Response:
        number = f"upload-{len(self._uploads) + 1}-{len(self._objects)}"
        self._uploads[number] = upload
        text = (
            f"<InitiateMultipartUploadResult><Bucket>{upload.bucket}</Bucket><Key>{escape(upload.key)}</Key>"
            f"<UploadId>{number}</UploadId></InitiateMultipartUploadResult>"
        )
        return web.Response(text=text, content_type="application/xml")

    async def _finish_upload(self, number: str) -> web.Response:
        upload = self._uploads.pop(number)
        body = b"".join(upload.parts[part] for part in sorted(upload.parts))
        await self._store(StoredObject(upload.bucket, upload.key, body, upload.headers, len(upload.parts)))
        text = (
            f"<CompleteMultipartUploadResult><Bucket>{upload.bucket}</Bucket><Key>{escape(upload.key)}</Key>"
            "<ETag>&quot;object-1&quot;</ETag></CompleteMultipartUploadResult>"
        )
        return web.Response(text=text, content_type="application/xml")


def _failure(request: web.Request, error: AwsError) -> web.Response:
    if "X-Amz-Target" in request.headers:
        body = {"__type": error.code, "message": error.message}
        return web.json_response(body, status=error.status, content_type="application/x-amz-json-1.1")
    if request.path.startswith("/2015-03-31/") or request.path.startswith("/2021-01-01/"):
        body = {"message": error.message, "Message": error.message}
        return web.json_response(body, status=error.status, headers={"x-amzn-ErrorType": error.code})
    if request.path == "/":
        text = (
            f"<ErrorResponse><Error><Code>{error.code}</Code><Message>{error.message}</Message></Error></ErrorResponse>"
        )
    else:
        text = f"<Error><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
    return web.Response(text=text, status=error.status, content_type="application/xml")
