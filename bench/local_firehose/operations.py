"""The twelve operations: checked parameters in, a JSON object out. The rules are in the modules they call."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from local_firehose.api.errors import (
    AccessDeniedError,
    ConcurrentModificationError,
    InvalidArgumentError,
    InvalidKmsResourceError,
    LimitExceededError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from local_firehose.api.protocol import Caller
from local_firehose.ingest import Ingest, Put
from local_firehose.pipeline.tools import Tools
from local_firehose.registry import Entry, Registry
from local_firehose.streams.configuration import Configuration, complete, merge
from local_firehose.streams.description import describe
from local_firehose.streams.keys import Keys
from local_firehose.streams.kinds import named_in
from local_firehose.streams.roles import check_role
from local_firehose.streams.stream import (
    ACTIVE,
    CREATING,
    CREATING_FAILED,
    DELETING,
    DESTINATION_ID,
    DIRECT_PUT,
    KINESIS_SOURCE,
    Encryption,
    Stream,
)
from local_firehose.validation.destinations import (
    check_destination,
    check_given,
    check_key_regions,
    only_destination,
    refuse_unsupported,
)

Parameters = dict[str, Any]
Answer = dict[str, Any]
MAX_TAGS = 50
MAX_ENCRYPTION_CALLS = 25
_DAY = 24 * 3600.0


class Operations:
    """Dispatches an operation by its API name."""

    def __init__(self, tools: Tools, registry: Registry, ingest: Ingest, keys: Keys) -> None:
        self._tools = tools
        self._registry = registry
        self._ingest = ingest
        self._keys = keys
        self._handlers: dict[str, Callable[[Caller, Parameters], Awaitable[Answer]]] = {
            "CreateDeliveryStream": self._create,
            "DeleteDeliveryStream": self._delete,
            "DescribeDeliveryStream": self._describe,
            "ListDeliveryStreams": self._list,
            "ListTagsForDeliveryStream": self._list_tags,
            "PutRecord": self._put_record,
            "PutRecordBatch": self._put_record_batch,
            "StartDeliveryStreamEncryption": self._start_encryption,
            "StopDeliveryStreamEncryption": self._stop_encryption,
            "TagDeliveryStream": self._tag,
            "UntagDeliveryStream": self._untag,
            "UpdateDestination": self._update,
        }

    async def run(self, operation: str, caller: Caller, parameters: Parameters) -> Answer:
        """The answer, or an ApiError."""
        return await self._handlers[operation](caller, parameters)

    # --- streams ------------------------------------------------------------------------------------------------

    async def _create(self, caller: Caller, given: Parameters) -> Answer:
        kind, configuration = only_destination(given)
        stream_type = given.get("DeliveryStreamType", DIRECT_PUT)
        source = _source(stream_type, given, self._tools.clock.now())
        check_given(configuration)
        configuration = complete(kind.name, configuration)
        await asyncio.to_thread(check_destination, kind.name, configuration)  # it runs jq
        check_key_regions(configuration, caller.region)
        tags = _tags(given.get("Tags", []))
        stream = Stream(
            account=caller.account,
            region=caller.region,
            partition=caller.partition,
            name=given["DeliveryStreamName"],
            kind=stream_type,
            destination_kind=kind.name,
            destination=configuration,
            created=self._tools.clock.now(),
            tags=tags,
            source=source,
            throughput_hint=given.get("DirectPutSourceConfiguration", {}).get("ThroughputHintInMBs"),
        )
        if encryption := given.get("DeliveryStreamEncryptionConfigurationInput"):
            _only_direct_put(stream_type)
            stream.encryption = await self._encryption(caller, encryption)
        existing = self._registry.of(caller)
        if any(one.name == stream.name for one in existing):
            raise ResourceInUseError(f"Firehose {stream.name} under accountId {caller.account} already exists")
        if len(existing) >= self._tools.settings.max_streams:
            raise LimitExceededError(
                f"Limit of {self._tools.settings.max_streams} Firehose streams exceeded for account {caller.account}"
            )
        await self._check_roles(caller, stream.arn, configuration, source)
        await self._registry.add(stream)
        return {"DeliveryStreamARN": stream.arn}

    async def _delete(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        if entry.stream.status == CREATING:
            raise ResourceInUseError(
                f"Firehose {entry.stream.name} under account {caller.account} cannot be deleted in CREATING state"
            )
        async with entry.changing:
            await self._registry.delete(entry)
        return {}

    async def _describe(self, caller: Caller, given: Parameters) -> Answer:
        return {"DeliveryStreamDescription": describe(self._find(caller, given).stream)}

    async def _list(self, caller: Caller, given: Parameters) -> Answer:
        after, limit = given.get("ExclusiveStartDeliveryStreamName", ""), given.get("Limit", 10)
        wanted = given.get("DeliveryStreamType")
        names = [s.name for s in self._registry.of(caller) if s.name > after and wanted in (None, s.kind)]
        return {"DeliveryStreamNames": names[:limit], "HasMoreDeliveryStreams": len(names) > limit}

    async def _update(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        async with entry.changing:
            await self._update_alone(caller, given, entry.stream)
        return {}

    async def _update_alone(self, caller: Caller, given: Parameters, stream: Stream) -> None:
        self._only_when_active(stream, "updated")
        current, named = str(stream.version), given["CurrentDeliveryStreamVersionId"]
        if named != current:
            raise ConcurrentModificationError(
                f"Cannot update firehose: {stream.name} since the current version id: {current} "
                f"and specified version id: {named} do not match"
            )
        if given["DestinationId"] != DESTINATION_ID:
            raise InvalidArgumentError(f"Destination Id {given['DestinationId']} not found")
        updates = named_in(given, update=True)
        if not updates:
            raise InvalidArgumentError("At least one destination or source configuration update must be provided")
        if len(updates) > 1:
            raise InvalidArgumentError("Exactly one destination configuration is supported for a Firehose")
        kind, update = updates[0]
        refuse_unsupported(kind)
        if kind.name != stream.destination_kind:
            raise InvalidArgumentError(
                f"The destination of {stream.name} cannot be changed from {stream.destination_kind} to {kind.name}"
            )
        check_given(update)
        _check_update(stream.destination, update)
        merged = complete(kind.name, merge(stream.destination, update))
        await asyncio.to_thread(check_destination, kind.name, merged)
        check_key_regions(merged, caller.region)
        if merged != stream.destination:
            await self._check_roles(caller, stream.arn, merged)
            now = self._tools.clock.now()
            await self._registry.change(stream, destination=merged, version=stream.version + 1, updated=now)

    # --- records ------------------------------------------------------------------------------------------------

    async def _put_record(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        (answer,) = await self._ingest.put(entry, [given["Record"]["Data"]])
        if answer.error_code:  # only an armed put-entry fault gets here: PutRecord has no partial failure
            raise self._ingest.refusal(answer)
        return {"RecordId": answer.record_id, "Encrypted": entry.stream.encryption.key_in_force is not None}

    async def _put_record_batch(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        answers = await self._ingest.put(entry, [record["Data"] for record in given["Records"]])
        return {
            "FailedPutCount": sum(bool(answer.error_code) for answer in answers),
            "Encrypted": entry.stream.encryption.key_in_force is not None,
            "RequestResponses": [_response_entry(answer) for answer in answers],
        }

    # --- encryption ---------------------------------------------------------------------------------------------

    async def _start_encryption(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        wanted = given.get("DeliveryStreamEncryptionConfigurationInput", {"KeyType": "AWS_OWNED_CMK"})
        async with entry.changing:
            self._check_encryptable(caller, entry.stream)
            encryption, before = await self._encryption(caller, wanted), entry.stream.encryption
            encryption.key_arn_before, encryption.calls = before.key_in_force, before.calls
            entry.stream.encryption = encryption
            await self._registry.change_encryption(entry)
        return {}

    async def _stop_encryption(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        async with entry.changing:
            self._check_encryptable(caller, entry.stream)
            entry.stream.encryption.status = "DISABLING"
            entry.stream.encryption.key_arn_before = None
            await self._registry.change_encryption(entry)
        return {}

    def _check_encryptable(self, caller: Caller, stream: Stream) -> None:
        _only_direct_put(stream.kind)
        self._only_when_active(stream, "encrypted")
        if stream.encryption.status in ("ENABLING", "DISABLING"):
            raise ResourceInUseError(
                f"Firehose {stream.name} under account {caller.account} is in {stream.encryption.status} state"
            )
        now = self._tools.clock.elapsed()
        stream.encryption.calls[:] = [call for call in stream.encryption.calls if now - call < _DAY]
        if len(stream.encryption.calls) >= MAX_ENCRYPTION_CALLS:
            raise LimitExceededError(
                f"At most {MAX_ENCRYPTION_CALLS} StartDeliveryStreamEncryption and StopDeliveryStreamEncryption "
                f"calls are allowed for a Firehose in 24 hours"
            )
        stream.encryption.calls.append(now)

    async def _encryption(self, caller: Caller, wanted: Parameters) -> Encryption:
        key_type, key_arn = wanted["KeyType"], wanted.get("KeyARN", "")
        if key_type == "CUSTOMER_MANAGED_CMK" and not key_arn:
            raise InvalidArgumentError("KeyARN has to be specified when KeyType is CUSTOMER_MANAGED_CMK")
        if key_type == "AWS_OWNED_CMK" and key_arn:
            raise InvalidArgumentError("KeyARN cannot be specified when KeyType is AWS_OWNED_CMK")
        if key_arn and key_arn.split(":")[3] != caller.region:
            raise InvalidArgumentError(
                "Cross-region keys are not allowed for SSE. Please provide CMKs in the same region as firehose"
            )
        if key_arn and (problem := await self._keys.problem(caller.account, caller.region, key_arn, fresh=True)):
            raise InvalidKmsResourceError(problem.message, code=problem.code)
        return Encryption("ENABLING", key_type, key_arn)

    # --- tags ---------------------------------------------------------------------------------------------------

    async def _list_tags(self, caller: Caller, given: Parameters) -> Answer:
        stream = self._find(caller, given).stream
        after, limit = given.get("ExclusiveStartTagKey", ""), given.get("Limit", MAX_TAGS)
        keys = sorted(key for key in stream.tags if key > after)
        tags = [{"Key": key, "Value": stream.tags[key]} for key in keys[:limit]]
        return {"Tags": tags, "HasMoreTags": len(keys) > limit}

    async def _tag(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        async with entry.changing:
            tags = {**entry.stream.tags, **_tags(given["Tags"])}
            if len(tags) > MAX_TAGS:
                raise LimitExceededError(f"A Firehose can have at most {MAX_TAGS} tags; got {len(tags)}")
            await self._registry.change(entry.stream, tags=tags)
        return {}

    async def _untag(self, caller: Caller, given: Parameters) -> Answer:
        entry = self._find(caller, given)
        async with entry.changing:
            kept = {key: value for key, value in entry.stream.tags.items() if key not in given["TagKeys"]}
            await self._registry.change(entry.stream, tags=kept)
        return {}

    # --- shared -------------------------------------------------------------------------------------------------

    def _find(self, caller: Caller, given: Parameters) -> Entry:
        return self._registry.find(caller, given["DeliveryStreamName"])

    def _only_when_active(self, stream: Stream, done: str) -> None:
        if stream.status in (CREATING, DELETING, CREATING_FAILED):
            raise ResourceInUseError(
                f"Firehose {stream.name} under account {stream.account} cannot be {done} in {stream.status} state"
            )
        if stream.status != ACTIVE:
            raise ResourceNotFoundError(f"Firehose {stream.name} is not active in {stream.account} account.")

    async def _check_roles(
        self, caller: Caller, arn: str, configuration: Configuration, source: dict[str, Any] | None = None
    ) -> None:
        if not self._tools.settings.check_roles:
            return
        for role in _roles(configuration, source or {}):
            if role.split(":")[4] != caller.account:
                raise AccessDeniedError(
                    f"User: arn:{caller.partition}:iam::{caller.account}:root is not authorized to access this resource"
                )
            await check_role(self._tools.aws, caller.account, caller.region, role, arn)


def _source(stream_type: str, given: Parameters, now: float) -> dict[str, Any] | None:
    """The description of a Kinesis source; for DirectPut a source that was given is ignored, as AWS does."""
    if stream_type == DIRECT_PUT:
        return None
    if stream_type != KINESIS_SOURCE:
        raise InvalidArgumentError(
            f"DeliveryStreamType {stream_type} is not supported by this local Firehose. "
            f"Supported: {DIRECT_PUT}, {KINESIS_SOURCE}"
        )
    source = given.get("KinesisStreamSourceConfiguration")
    if source is None:
        raise InvalidArgumentError("KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.")
    return {**source, "DeliveryStartTimestamp": round(now, 3)}


def _only_direct_put(stream_type: str) -> None:
    if stream_type != DIRECT_PUT:
        raise InvalidArgumentError(
            "Server side encryption from firehose is only allowed for direct put delivery streams and database as a "
            "source delivery streams"
        )


def _roles(configuration: Configuration, source: dict[str, Any]) -> list[str]:
    schema = configuration.get("DataFormatConversionConfiguration", {}).get("SchemaConfiguration", {})
    s3, backup = configuration.get("S3Configuration", {}), configuration.get("S3BackupConfiguration", {})
    parts = (configuration, s3, backup, schema, configuration.get("VpcConfiguration", {}), source)
    return sorted({part["RoleARN"] for part in parts if "RoleARN" in part})


def _check_update(current: Configuration, update: Configuration) -> None:
    """What an update cannot change. Sources: notes 1.5, 4.4."""
    if current["S3BackupMode"] == "Enabled" and update.get("S3BackupMode") == "Disabled":
        raise InvalidArgumentError("Disabling S3 backup is not currently supported.")
    partitioning = update.get("DynamicPartitioningConfiguration")
    if partitioning is None:
        return
    was = bool(current.get("DynamicPartitioningConfiguration", {}).get("Enabled"))
    if "Enabled" in partitioning and bool(partitioning["Enabled"]) != was:
        raise InvalidArgumentError("Dynamic partitioning can only be enabled when the Firehose is created.")


def _tags(given: list[dict[str, str]]) -> dict[str, str]:
    tags = {tag["Key"]: tag.get("Value", "") for tag in given}
    if len(tags) != len(given):
        raise InvalidArgumentError("Tag keys must be unique")
    return tags


def _response_entry(answer: Put) -> Answer:
    if answer.error_code:
        return {"ErrorCode": answer.error_code, "ErrorMessage": answer.error_message}
    return {"RecordId": answer.record_id}
