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
            payload = await self._invoke(stream, function_arn, items)
            outcome = read_response(payload, items, strict_batch=self.strict_batch)
            succeeded = True
            return outcome
        finally:
            milliseconds = (time.monotonic() - started) * 1000
            self.metrics.add(stream, "ExecuteProcessing.Duration", milliseconds, "Milliseconds")
            self.metrics.add(stream, "ExecuteProcessing.Success", float(succeeded), "Count")

    async def _invoke(self, stream: Stream, function_arn: str, items: list[Item]) -> bytes:
        source = (stream.source or {}).get("KinesisStreamARN", "")
        event = build_event(stream.arn, stream.region, items, source)
        if fault := self.faults.hit("lambda", stream.name):
            return _faulty_answer(fault)
        client = self.aws.client("lambda", stream.account, stream.region, str(stream.destination["RoleARN"]))
        try:
            answer = await self.aws.call(_invoke, client, function_arn, event)
        except ReadTimeoutError as error:
            raise TransformationError(Failure.of("Lambda.FunctionTimedOut"), retriable=True) from error
        except ClientError as error:
            details = error.response["Error"]
            code = _REFUSALS.get(details["Code"], "Lambda.FunctionError")
            if error.operation_name == "AssumeRole":
                code = "Lambda.AssumeRoleAccessDenied"
            raise TransformationError(Failure(code, details.get("Message", "")), retriable=True) from error
        except BotoCoreError as error:
            raise TransformationError(Failure("Lambda.FunctionError", str(error)), retriable=True) from error
        function_error, payload = answer
        if function_error:
            timed_out = b"Task timed out" in payload
            code = "Lambda.FunctionTimedOut" if timed_out else "Lambda.FunctionError"
            raise TransformationError(Failure.of(code), retriable=True)
        return payload


def _invoke(client: Any, function_arn: str, event: bytes) -> tuple[str, bytes]:
    answer = client.invoke(FunctionName=function_arn, InvocationType="RequestResponse", Payload=event)
    return answer.get("FunctionError", ""), answer["Payload"].read()


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
