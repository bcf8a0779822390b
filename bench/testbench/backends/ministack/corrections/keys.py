"""KMS keys of queues, topics and buckets: who sends, receives, writes or reads needs the key, too.

MiniStack 1.5.33 keeps the key's name and asks nobody. On AWS the service uses the key in the caller's name, so the
caller's policies and the key's must allow it; SNS, which delivers to a queue in its own name, must be in the key's.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
Keys that AWS manages (alias/aws/...) let everybody in the account use them through their service.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks

ENCRYPT = ("kms:GenerateDataKey", "kms:Decrypt")
DECRYPT = ("kms:Decrypt",)
WRITE = ("kms:GenerateDataKey",)
OF_QUEUES = {"sqs:SendMessage": ENCRYPT, "sqs:ReceiveMessage": DECRYPT}
OF_TOPICS = {"sns:Publish": ENCRYPT}
S3_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
REFUSED = 400


def apply() -> None:
    """Check behind the emulator's own checks of queue, topic and object."""
    queues, topics, storage = hooks.service("sqs"), hooks.service("sns"), hooks.service("s3")

    def queue_call(original: Callable[..., None], queue: Mapping[str, Any], action: str) -> None:
        original(queue, action)
        if lacking := _caller_lacks("sqs", _key(queue), OF_QUEUES.get(action, ())):
            raise queues._Err("KmsAccessDenied", lacking, REFUSED)

    def topic_call(original: Callable[..., Any], topic: Mapping[str, Any], action: str) -> Any:
        refused = original(topic, action)
        lacking = _caller_lacks("sns", _key(topic), OF_TOPICS.get(action, ()))
        return topics._error("KMSAccessDenied", lacking, REFUSED) if lacking and refused is None else refused

    def write(original: Callable[..., Any], headers: Mapping[str, str], bucket: str) -> Any:
        kept, error = original(headers, bucket)
        lacking = "" if error else _caller_lacks("s3", (kept or {}).get(S3_KEY, ""), WRITE, bucket)
        return (None, storage._error("AccessDenied", lacking, 403, f"/{bucket}")) if lacking else (kept, error)

    def read(original: Callable[..., Any], bucket: str, key: str, headers: Any, query: Any = None) -> Any:
        answer = original(bucket, key, headers, query)
        lacking = _caller_lacks("s3", answer[1].get(S3_KEY, ""), DECRYPT, bucket)
        return storage._error("AccessDenied", lacking, 403, f"/{bucket}/{key}") if lacking else answer

    hooks.expected(hooks.service("kms"), "_resolve_key", "key_id_or_arn")
    hooks.wrap(queues, "_enforce_queue_policy", ("q", "iam_action"), queue_call)
    hooks.wrap(topics, "_enforce_topic_policy", ("topic", "iam_action"), topic_call)
    hooks.wrap(storage, "_resolve_sse_write_headers", ("headers", "bucket_name"), write)
    hooks.wrap(storage, "_get_object", ("bucket_name", "key", "headers", "query_params"), read)


def role_may_receive(role: str, queue_arn: str) -> bool:
    """Whether the role may decrypt what is in the queue."""
    queue = hooks.service("sqs")._queue_by_arn(queue_arn)
    return queue is None or not _lacking(role, "sqs", _key(queue), DECRYPT)


def topic_may_send(topic_arn: str, queue_arn: str) -> bool:
    """Whether SNS may encrypt for the queue on behalf of the topic."""
    queue = hooks.service("sqs")._queue_by_arn(queue_arn)
    record = _record(_key(queue)) if queue and authorisation.enforced() else None
    return record is None or all(
        authorisation.service_allowed("sns.amazonaws.com", action, record["Arn"], record.get("Policy"), topic_arn)
        for action in ENCRYPT
    )


def _key(owner: Mapping[str, Any]) -> str:
    return str(owner.get("attributes", {}).get("KmsMasterKeyId") or "")


def _record(key: str) -> Any:
    """The emulator's record of a key of the account's own; None for one that AWS manages, and for none."""
    return hooks.service("kms")._resolve_key(key) if key else None


def _caller_lacks(service: str, key: str, actions: Iterable[str], bucket: str = "") -> str:
    caller = authorisation.caller()
    return _lacking(caller, service, key, actions, bucket) if caller else ""


def _lacking(principal: str, service: str, key: str, actions: Iterable[str], bucket: str = "") -> str:
    """In AWS's words what the principal may not do with the key, "" when it may do all."""
    record = _record(key)
    if record is None:
        return ""
    region = hooks.core("responses").get_region()
    conditions = {"kms:viaservice": f"{service}.{region}.amazonaws.com"}
    if bucket:  # with an S3 bucket key the context is the bucket
        conditions["kms:encryptioncontext:aws:s3:arn"] = f"arn:aws:s3:::{bucket}"
    action = authorisation.denied(principal, actions, record["Arn"], conditions)
    return f"User: {principal} is not authorized to perform: {action} on resource: {record['Arn']}" if action else ""
