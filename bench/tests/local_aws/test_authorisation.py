"""A bench that enforces policies, as it does unless it is told not to. What a policy forbids fails here as on AWS."""

import io
import json
import secrets
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbench import Bench
from testbench.iam_roles import allow, make_role
from testbench.polling import eventually, wait_until_active

pytestmark = pytest.mark.needs("iam")

QUEUE_READER = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
CALL = """
import boto3, json
def handler(event, context):
    client = boto3.client(event["service"])
    try:
        getattr(client, event["operation"])(**event["parameters"])
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "done"
"""
"""A function that makes one call and gives the error's code."""


@pytest.fixture(scope="module")
def strict(bench: Bench) -> Bench:
    assert bench.endpoints.authorise
    return bench


@pytest.fixture
def queue(strict: Bench) -> Iterator[tuple[str, str]]:
    """(URL, ARN) of a queue with a narrow policy: TLS only, only from the topic `allowed`."""
    sqs, topics = strict.client("sqs"), f"arn:aws:sns:{strict.endpoints.region}:{strict.endpoints.account}"
    url = sqs.create_queue(QueueName=f"guarded-{secrets.token_hex(4)}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    send: dict[str, Any] = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    send |= {"Principal": {"Service": "sns.amazonaws.com"}}
    send |= {"Condition": {"ArnEquals": {"aws:SourceArn": f"{topics}:allowed"}}}
    no_tls: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn}
    no_tls |= {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = {"Version": "2012-10-17", "Statement": [send, no_tls]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    yield url, arn
    sqs.delete_queue(QueueUrl=url)


def publish(bench: Bench, topic: str, queue_arn: str) -> None:
    """Subscribe the queue to the topic and publish the topic's name."""
    sns = bench.client("sns")
    arn = sns.create_topic(Name=topic)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    sns.publish(TopicArn=arn, Message=topic)


def test_only_the_topic_of_the_queue_policy_can_send(strict: Bench, queue: tuple[str, str]) -> None:
    url, arn = queue
    publish(strict, "stranger", arn)
    publish(strict, "allowed", arn)
    answer = strict.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    assert [json.loads(message["Body"])["Message"] for message in answer["Messages"]] == ["allowed"]


def test_loopback_counts_as_tls(strict: Bench, queue: tuple[str, str]) -> None:
    url, _ = queue
    answer = strict.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    assert "aws:SecureTransport" in answer["Attributes"]["Policy"]


class Caller:
    """A function that makes calls under a role of its own, which may do nothing at first."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.name = f"caller-{secrets.token_hex(4)}"
        self.role = make_role(bench.client, "lambda")
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("main.py", CALL)
        bench.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=self.role,
            Handler="main.handler",
            Code={"ZipFile": content.getvalue()},
        )
        wait_until_active(bench.client("lambda"), self.name)

    def may(self, *actions: str) -> None:
        """Let it do these and no others."""
        allow(self._bench.client, self.role, *actions)

    def may_use_keys_through(self, service: str, *actions: str) -> None:
        """Let it do these, and use keys where this service uses them in its name."""
        where = {"StringEquals": {"kms:ViaService": f"{service}.{self._bench.endpoints.region}.amazonaws.com"}}
        keys = {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": where,
        }
        statements = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}, keys]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self._bench.client("iam").put_role_policy(
            RoleName=self.role.rpartition("/")[2], PolicyName="allowed", PolicyDocument=document
        )

    def call(self, service: str, operation: str, **parameters: Any) -> str:
        """ "done", or the code of the error."""
        event = {"service": service, "operation": operation, "parameters": parameters}
        answer = self._bench.client("lambda").invoke(FunctionName=self.name, Payload=json.dumps(event))
        return str(json.loads(answer["Payload"].read()))


@pytest.fixture(scope="module")
def caller(strict: Bench) -> Iterator[Caller]:
    made = Caller(strict)
    yield made
    strict.client("lambda").delete_function(FunctionName=made.name)


def test_a_function_may_only_do_what_its_role_allows(caller: Caller, queue: tuple[str, str]) -> None:
    url, _ = queue
    caller.may("sqs:GetQueueAttributes")
    assert caller.call("sqs", "get_queue_attributes", QueueUrl=url) == "done"
    assert caller.call("sqs", "purge_queue", QueueUrl=url) in ("AccessDenied", "AccessDeniedException")


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
@pytest.mark.parametrize(
    ("action", "operation", "entry"),
    [
        ("sqs:SendMessage", "send_message_batch", {"MessageBody": "x"}),
        ("sqs:DeleteMessage", "delete_message_batch", {"ReceiptHandle": "x"}),
        ("sqs:ChangeMessageVisibility", "change_message_visibility_batch", {"ReceiptHandle": "x"}),
    ],
)
def test_the_permission_of_a_queues_single_call_covers_the_batch(
    caller: Caller, queue: tuple[str, str], action: str, operation: str, entry: dict[str, str]
) -> None:
    url, _ = queue
    entries = [{"Id": "1", **entry}]
    caller.may(action)
    assert caller.call("sqs", operation, QueueUrl=url, Entries=entries) == "done"
    caller.may("sqs:GetQueueAttributes")
    assert "AccessDenied" in caller.call("sqs", operation, QueueUrl=url, Entries=entries)


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
def test_who_has_dead_letters_moved_needs_the_permissions_on_both_queues(
    strict: Bench, caller: Caller, queue: tuple[str, str]
) -> None:
    sqs, (_, dead) = strict.client("sqs"), queue
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    source = sqs.create_queue(QueueName=f"moves-{secrets.token_hex(4)}", Attributes={"RedrivePolicy": redrive})
    arn = sqs.get_queue_attributes(QueueUrl=source["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    needed = ["StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage"]
    move = {"SourceArn": dead, "DestinationArn": arn}
    for missing in needed:
        caller.may(*(f"sqs:{action}" for action in needed if action != missing))
        assert "AccessDenied" in caller.call("sqs", "start_message_move_task", **move), missing
    caller.may(*(f"sqs:{action}" for action in needed))
    assert caller.call("sqs", "start_message_move_task", **move) == "done"
    caller.may("sqs:ListMessageMoveTasks")
    assert caller.call("sqs", "list_message_move_tasks", SourceArn=dead) == "done"
    sqs.delete_queue(QueueUrl=source["QueueUrl"])


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html has no PublishBatch
def test_the_permission_to_publish_covers_the_batch(strict: Bench, caller: Caller) -> None:
    topic = strict.client("sns").create_topic(Name=f"batches-{secrets.token_hex(4)}")["TopicArn"]
    given = {"TopicArn": topic, "PublishBatchRequestEntries": [{"Id": "1", "Message": "x"}]}
    caller.may("sns:Publish")
    assert caller.call("sns", "publish_batch", **given) == "done"
    caller.may("sns:ListTopics")
    assert caller.call("sns", "publish_batch", **given) == "AuthorizationError"


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
def test_log_events_need_the_permission_on_their_log_stream(strict: Bench, caller: Caller) -> None:
    logs, group = strict.client("logs"), f"group-{secrets.token_hex(4)}"
    logs.create_log_group(logGroupName=group)
    for name in ("mine", "other"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    place = f"arn:aws:logs:{strict.endpoints.region}:{strict.endpoints.account}:log-group:{group}"
    allow(strict.client, caller.role, "logs:PutLogEvents", resource=f"{place}:log-stream:mine")
    given = {"logGroupName": group, "logEvents": [{"timestamp": int(time.time() * 1000), "message": "x"}]}
    assert caller.call("logs", "put_log_events", logStreamName="mine", **given) == "done"
    assert caller.call("logs", "put_log_events", logStreamName="other", **given) == "AccessDeniedException"


# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
def test_a_map_run_is_the_resource_of_the_calls_about_it(strict: Bench, caller: Caller) -> None:
    runs = f"arn:aws:states:{strict.endpoints.region}:{strict.endpoints.account}:mapRun"
    allow(strict.client, caller.role, "states:DescribeMapRun", resource=f"{runs}:mine/*")
    # allowed is what gets as far as finding no such run
    assert caller.call("stepfunctions", "describe_map_run", mapRunArn=f"{runs}:mine/Map:1") == "ResourceNotFound"
    assert caller.call("stepfunctions", "describe_map_run", mapRunArn=f"{runs}:other/Map:1") == "AccessDeniedException"


# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
def test_only_who_may_list_a_bucket_learns_that_an_object_is_missing(strict: Bench, caller: Caller) -> None:
    s3, bucket = strict.client("s3"), f"missing-{secrets.token_hex(4)}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": strict.endpoints.region})
    s3.put_object(Bucket=bucket, Key="there", Body=b"x")
    caller.may("s3:GetObject")
    assert caller.call("s3", "get_object", Bucket=bucket, Key="there") == "done"
    assert caller.call("s3", "get_object", Bucket=bucket, Key="missing") == "AccessDenied"
    assert caller.call("s3", "head_object", Bucket=bucket, Key="missing") == "403"
    caller.may("s3:GetObject", "s3:ListBucket")
    assert caller.call("s3", "get_object", Bucket=bucket, Key="missing") == "NoSuchKey"
    assert caller.call("s3", "head_object", Bucket=bucket, Key="missing") == "404"


def new_key(bench: Bench, *services: str) -> str:
    """ARN of a key that the account's IAM policies decide about, and that these services may use."""
    account = bench.endpoints.account
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    others = [
        {**root, "Principal": {"Service": service}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
        for service in services
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, *others]})
    return str(bench.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
def test_a_queues_key_is_needed_to_send_and_to_receive(strict: Bench, caller: Caller, queue: tuple[str, str]) -> None:
    url, _ = queue
    strict.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": new_key(strict)})
    caller.may("sqs:SendMessage", "sqs:ReceiveMessage")
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x") == "KmsAccessDenied"
    caller.may("sqs:SendMessage", "sqs:ReceiveMessage", "kms:GenerateDataKey", "kms:Decrypt")
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x") == "done"
    caller.may("sqs:SendMessage", "sqs:ReceiveMessage", "kms:GenerateDataKey")
    assert caller.call("sqs", "receive_message", QueueUrl=url) == "KmsAccessDenied"


# https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
def test_a_key_that_a_role_may_use_through_one_service_is_no_use_through_another(
    strict: Bench, caller: Caller, queue: tuple[str, str]
) -> None:
    url, _ = queue
    strict.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": new_key(strict)})
    caller.may_use_keys_through("s3", "sqs:SendMessage")
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x") == "KmsAccessDenied"
    caller.may_use_keys_through("sqs", "sqs:SendMessage")
    assert caller.call("sqs", "send_message", QueueUrl=url, MessageBody="x") == "done"


# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
def test_a_topics_key_is_needed_to_publish(strict: Bench, caller: Caller) -> None:
    attributes = {"KmsMasterKeyId": new_key(strict)}
    topic = strict.client("sns").create_topic(Name=f"key-{secrets.token_hex(4)}", Attributes=attributes)["TopicArn"]
    caller.may("sns:Publish")
    assert caller.call("sns", "publish", TopicArn=topic, Message="x") == "KMSAccessDenied"
    caller.may("sns:Publish", "kms:GenerateDataKey", "kms:Decrypt")
    assert caller.call("sns", "publish", TopicArn=topic, Message="x") == "done"


def test_a_topic_delivers_to_an_encrypted_queue_only_when_the_key_lets_sns_in(
    strict: Bench, queue: tuple[str, str]
) -> None:
    url, arn = queue
    sqs = strict.client("sqs")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": new_key(strict)})
    publish(strict, "allowed", arn)
    open_key = new_key(strict, "sns.amazonaws.com")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": open_key})
    publish(strict, "allowed", arn)
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    assert len(answer["Messages"]) == 1


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
def test_a_buckets_key_is_needed_to_write_and_to_read(strict: Bench, caller: Caller) -> None:
    s3, bucket, key = strict.client("s3"), f"key-{secrets.token_hex(4)}", new_key(strict)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": strict.endpoints.region})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    place = {"Bucket": bucket, "Key": "k"}
    caller.may("s3:PutObject", "s3:GetObject")
    assert caller.call("s3", "put_object", **place, Body="x") == "AccessDenied"
    caller.may("s3:PutObject", "s3:GetObject", "kms:GenerateDataKey")
    assert caller.call("s3", "put_object", **place, Body="x") == "done"
    assert caller.call("s3", "get_object", **place) == "AccessDenied"
    caller.may("s3:GetObject", "kms:Decrypt")
    assert caller.call("s3", "get_object", **place) == "done"


# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
@pytest.mark.parametrize("action", QUEUE_READER)
def test_a_mapping_whose_role_may_not_read_the_queue_is_refused(
    strict: Bench, caller: Caller, queue: tuple[str, str], action: str
) -> None:
    _, arn = queue
    caller.may(*(each for each in QUEUE_READER if each != action))
    with pytest.raises(ClientError) as refused:
        strict.client("lambda").create_event_source_mapping(FunctionName=caller.name, EventSourceArn=arn)
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    name = action.removeprefix("sqs:")
    assert error["Message"] == f"The provided execution role does not have permissions to call {name} on SQS"


def test_a_mapping_whose_role_loses_the_queue_leaves_the_messages_there(
    strict: Bench, caller: Caller, queue: tuple[str, str]
) -> None:
    url, arn = queue
    functions, sqs = strict.client("lambda"), strict.client("sqs")
    caller.may(*QUEUE_READER)
    uuid = functions.create_event_source_mapping(FunctionName=caller.name, EventSourceArn=arn)["UUID"]
    eventually(
        lambda: functions.get_event_source_mapping(UUID=uuid)["State"],
        lambda state: state == "Enabled",
        within=20,
        what="the mapping is enabled",
    )
    try:
        caller.may()
        eventually(
            lambda: functions.get_event_source_mapping(UUID=uuid)["LastProcessingResult"],
            lambda said: "ReceiveMessage" in said,
            within=20,
            what="the mapping says what it lacks",
        )
        sqs.send_message(QueueUrl=url, MessageBody="stays")
        received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, VisibilityTimeout=0)["Messages"]
        assert [message["Body"] for message in received] == ["stays"]
    finally:
        functions.delete_event_source_mapping(UUID=uuid)
