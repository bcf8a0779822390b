"""A bench that enforces policies: `up --auth`. What a policy forbids fails here as on AWS."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from testbench import Bench

pytestmark = [pytest.mark.e2e]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench of this module's own."""
    with Bench.running(tmp_path_factory.mktemp("strict"), authorise=True) as running:
        yield running


@pytest.fixture
def queue(strict: Bench) -> Iterator[tuple[str, str]]:
    """(URL, ARN) of a queue with the policy that the modules write: TLS only, only from the topic `allowed`."""
    sqs, topics = strict.client("sqs"), f"arn:aws:sns:{strict.endpoints.region}:{strict.endpoints.account}"
    url = sqs.create_queue(QueueName="guarded")["QueueUrl"]
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


def test_a_function_may_only_do_what_its_role_allows(strict: Bench, queue: tuple[str, str]) -> None:
    url, arn = queue
    iam, functions = strict.client("iam"), strict.client("lambda")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "sqs:GetQueueAttributes", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=policy)
    code = """
import boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    sqs.get_queue_attributes(QueueUrl=event["url"], AttributeNames=["QueueArn"])
    try:
        sqs.purge_queue(QueueUrl=event["url"])
    except sqs.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return "purged"
"""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("main.py", code)
    functions.create_function(
        FunctionName="reader",
        Runtime="python3.13",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": content.getvalue()},
    )
    answer = functions.invoke(FunctionName="reader", Payload=json.dumps({"url": url}))
    assert json.loads(answer["Payload"].read()) in ("AccessDenied", "AccessDeniedException")
