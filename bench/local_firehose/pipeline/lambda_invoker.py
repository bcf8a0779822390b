"""Synchronous invocations of the transformation function, with Firehose's retries and error codes."""

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.faults import Fault, Faults
from local_firehose.metrics import Metrics
from local_firehose.pipeline.transformation import (
    MAX_PAYLOAD,
    Failure,
    Outcome,
    TransformationError,
    build_event,
    read_response,
)
from local_firehose.records import Item
from local_firehose.streams.stream import Stream

_MOST_BACKOFF_SECONDS = 30.0
_REFUSALS = {
    "ResourceNotFoundException": "Lambda.ResourceNotFound",
    "AccessDeniedException": "Lambda.InvokeAccessDenied",
    "TooManyRequestsException": "Lambda.InvokeLimitExceeded",
    "InvalidSubnetIDException": "Lambda.InvalidSubnetIDException",
    "InvalidSecurityGroupIDException": "Lambda.InvalidSecurityGroupIDException",
    "SubnetIPAddressLimitReachedException": "Lambda.SubnetIPAddressLimitReachedException",
    "ENILimitReachedException": "Lambda.ENILimitReachedException",
}


@dataclass(frozen=True, slots=True)
class LambdaInvoker:
    """Invokes functions for all streams. ``strict_batch``: see transformation.read_response()."""

    aws: Aws
    clock: Clock
    faults: Faults
    metrics: Metrics
    strict_batch: bool = False

    async def transform(self, stream: Stream, function_arn: str, retries: int, items: list[Item]) -> Outcome:
        """The outcome for the items; TransformationError after ``retries`` + 1 attempts, with their number."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(stream, function_arn, items)
            except TransformationError as error:
                error.attempts = attempt
                if not error.retriable or attempt > retries:
                    raise
            await self.clock.sleep(min(2.0 ** (attempt - 1), _MOST_BACKOFF_SECONDS))

    async def _attempt(self, stream: Stream, function_arn: str, items: list[Item]) -> Outcome:
        started = time.monotonic()
        succeeded = False
        try:
            outcome = await self._invoke(stream, function_arn, items)
            succeeded = True
            return outcome
        finally:
            milliseconds = (time.monotonic() - started) * 1000
            self.metrics.add(stream, "ExecuteProcessing.Duration", milliseconds, "Milliseconds")
            self.metrics.add(stream, "ExecuteProcessing.Success", float(succeeded), "Count")

    async def _invoke(self, stream: Stream, function_arn: str, items: list[Item]) -> Outcome:
        if fault := self.faults.hit("lambda", stream.name):
            return read_response(_faulty_answer(fault), items, strict_batch=self.strict_batch)
        client = self.aws.client("lambda", stream.account, stream.region, str(stream.destination["RoleARN"]))
        try:
            return await self.aws.call(self._call, client, stream, function_arn, items)
        except ReadTimeoutError as error:
            raise TransformationError(Failure.of("Lambda.FunctionTimedOut"), retriable=True) from error
        except ClientError as error:
            details = error.response["Error"]
            code = _REFUSALS.get(details["Code"], "Lambda.FunctionError")
            if error.operation_name == "AssumeRole":
                code = "Lambda.AssumeRoleAccessDenied"
            raise TransformationError(Failure(code, details.get("Message", "")), retriable=True) from error
        except BotoCoreError as error:
            trouble = Failure("Lambda.FunctionError", self.aws.trouble("lambda:InvokeFunction", error))
            raise TransformationError(trouble, retriable=True) from error

    def _call(self, client: Any, stream: Stream, function_arn: str, items: list[Item]) -> Outcome:
        """In a thread: event and answer are up to 6 MiB of base64 in JSON."""
        source = (stream.source or {}).get("KinesisStreamARN", "")
        event = build_event(stream.arn, stream.region, items, source)
        answer = client.invoke(FunctionName=function_arn, InvocationType="RequestResponse", Payload=event)
        payload = answer["Payload"].read(MAX_PAYLOAD + 1)
        if answer.get("FunctionError"):
            timed_out = b"Task timed out" in payload
            code = "Lambda.FunctionTimedOut" if timed_out else "Lambda.FunctionError"
            raise TransformationError(Failure.of(code), retriable=True)
        return read_response(payload, items, strict_batch=self.strict_batch)


def _faulty_answer(fault: Fault) -> bytes:
    mode = fault.options["mode"]
    if mode == "malformed":
        return b"this is not JSON"
    if mode == "missing-records":
        return b'{"records": []}'
    failures = {
        "throttle": Failure("Lambda.InvokeLimitExceeded", "Rate Exceeded."),
        "timeout": Failure.of("Lambda.FunctionTimedOut"),
        "function-error": Failure.of("Lambda.FunctionError"),
        "not-found": Failure("Lambda.ResourceNotFound", "Function not found"),
    }
    raise TransformationError(failures[mode], retriable=True)
