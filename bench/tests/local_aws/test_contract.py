"""What this project relies on in the pinned backends with their corrections. Run at every change of a version.

Each test says what AWS does. Where MiniStack alone does otherwise, a correction of that name makes it so. Where a
backend differs and nothing corrects it, `differs` says how: there the test must fail.
"""

import io
import json
import re
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError

from testbench import Bench
from testbench.iam_roles import make_role
from testbench.polling import wait_until_active

Found = TypeVar("Found")

REPORT = """
import json, os
def handler(event, context):
    print("BATCH", len(event["Records"]))
    return json.loads(os.environ["ANSWER"])
"""
ENVIRONMENT = """
import os, sys, shared
def handler(event, context):
    return {"environment": dict(os.environ), "shared": shared.WHO, "python": list(sys.version_info[:2])}
"""
INVOKED_AS = """
def handler(event, context):
    print("INVOKED", context.invoked_function_arn)
"""
WINDOW = 6
"""Seconds: long enough to send two messages meanwhile on a busy machine."""
MILLISECOND = timedelta(milliseconds=1)
QUEUE_READER = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def until(look: Callable[[], Found], wanted: Callable[[Found], bool], seconds: float = 120.0) -> Found:
    """Poll until what is found is wanted; the last finding goes to the assertion when the time is over."""
    deadline = time.monotonic() + seconds
    while not wanted(found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def archive(**files: str) -> bytes:
    """A zip of Python files: `name_` is a module, `python/name` one of a layer."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(f"{name.replace('__', '/')}.py", text)
    return content.getvalue()


class Account:
    """The bench's AWS with short names for what the tests make; every name is unique."""

    def __init__(self, bench: Bench) -> None:
        self.client = bench.client
        self.sqs, self.sns, self.functions = bench.client("sqs"), bench.client("sns"), bench.client("lambda")
        self.reader = make_role(bench.client, "lambda", *QUEUE_READER)
        self._logs = bench.client("logs")

    @staticmethod
    def name() -> str:
        return f"contract-{uuid.uuid4().hex[:8]}"

    def queue(self, **attributes: str) -> tuple[str, str]:
        """(URL, ARN) of a new queue, which SNS may send to."""
        url = self.sqs.create_queue(QueueName=self.name(), Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement: dict[str, Any] = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
        statement["Principal"] = {"Service": "sns.amazonaws.com"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def function(self, code: str, **settings: Any) -> str:
        """Name of a new function."""
        name = self.name()
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=settings.pop("role", self.reader),
            Handler="main.handler",
            Code={"ZipFile": archive(main=code, **settings.pop("files", {}))},
            Timeout=settings.pop("timeout", 3),
            **settings,
        )
        wait_until_active(self.functions, name)
        return name

    def reporter(self, answer: Any = None) -> str:
        """A function that logs the size of each batch and gives that answer."""
        return self.function(REPORT, Environment={"Variables": {"ANSWER": json.dumps(answer)}})

    def mapping(self, function: str, queue_arn: str, **settings: Any) -> str:
        """Id of a new event source mapping."""
        answer = self.functions.create_event_source_mapping(FunctionName=function, EventSourceArn=queue_arn, **settings)
        return self.settled(str(answer["UUID"]))

    def settled(self, mapping: str) -> str:
        """The mapping, when it takes changes again."""
        until(
            lambda: self.functions.get_event_source_mapping(UUID=mapping)["State"], {"Enabled", "Disabled"}.__contains__
        )
        return mapping

    def said(self, function: str, word: str) -> list[str]:
        """What the function printed after that word so far."""
        try:
            events = self._logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        except self._logs.exceptions.ResourceNotFoundException:
            return []
        lines = "\n".join(event["message"] for event in events).splitlines()
        return [line.split()[1] for line in lines if line.startswith(word)]

    def batches(self, function: str) -> list[int]:
        """Sizes of the batches that the function was given so far."""
        return [int(size) for size in self.said(function, "BATCH")]

    def send(self, url: str, count: int, body: str = "x") -> None:
        """Send that many messages."""
        for start in range(0, count, 10):
            entries = [{"Id": str(n), "MessageBody": body} for n in range(start, min(count, start + 10))]
            answer = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
            assert not answer.get("Failed")

    def left(self, url: str) -> int:
        """Messages in the queue, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in answer.values())


@pytest.fixture(scope="module")
def account(bench: Bench) -> Account:
    return Account(bench)


# -- sqs_batches -------------------------------------------------------------------------------------------------------


def test_more_than_ten_messages_arrive_in_one_invocation(account: Account) -> None:
    url, arn = account.queue()
    account.send(url, 250)
    function = account.reporter()
    account.mapping(function, arn, BatchSize=1000, MaximumBatchingWindowInSeconds=1)
    assert until(lambda: account.batches(function), lambda found: sum(found) >= 250) == [250]
    assert until(lambda: account.left(url), lambda left: left == 0) == 0


@pytest.mark.differs(localstack="a batching window of up to 20 s is ignored")
def test_a_batch_waits_for_its_window(account: Account) -> None:
    url, arn = account.queue()
    function = account.reporter()
    account.mapping(function, arn, BatchSize=1000, MaximumBatchingWindowInSeconds=WINDOW)
    began = time.monotonic()
    account.send(url, 1)
    until(lambda: account.left(url), lambda left: left == 1)
    account.send(url, 2)
    assert until(lambda: account.batches(function), bool) == [3]
    assert time.monotonic() - began > WINDOW - 1


def test_a_full_batch_does_not_wait_for_the_window(account: Account) -> None:
    url, arn = account.queue()
    account.send(url, 40)
    function = account.reporter()
    account.mapping(function, arn, BatchSize=20, MaximumBatchingWindowInSeconds=300)
    assert until(lambda: account.batches(function), lambda found: sum(found) >= 40) == [20, 20]  # in less than 300 s


@pytest.mark.differs(localstack="an event may be larger than 6 MB")
def test_no_event_is_larger_than_six_megabytes(account: Account) -> None:
    url, arn = account.queue()
    account.send(url, 9, body="x" * 100_000)
    function = account.reporter()
    for _ in range(8):
        account.send(url, 9, body="x" * 100_000)
    account.mapping(function, arn, BatchSize=1000, MaximumBatchingWindowInSeconds=2)
    found = until(lambda: account.batches(function), lambda sizes: sum(sizes) >= 81)
    assert sum(found) == 81
    assert max(found) * 100_000 < 6 * 1024 * 1024
    assert len(found) == 2


def test_a_disabled_mapping_holds_the_messages_and_an_enabled_one_drains_them(account: Account) -> None:
    url, arn = account.queue()
    function = account.reporter()
    mapping = account.mapping(function, arn, BatchSize=100, MaximumBatchingWindowInSeconds=1, Enabled=False)
    account.send(url, 30)
    assert account.left(url) == 30
    account.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    assert until(lambda: account.left(url), lambda left: left == 0) == 0
    assert until(lambda: sum(account.batches(function)), lambda count: count >= 30) == 30


# -- mapping_qualifier -------------------------------------------------------------------------------------------------


def test_a_function_knows_by_which_alias_a_mapping_invoked_it(account: Account) -> None:
    url, arn = account.queue()
    function = account.function(INVOKED_AS)
    alias = account.functions.create_alias(FunctionName=function, Name="run-1", FunctionVersion="$LATEST")["AliasArn"]
    mapping = account.mapping(function, arn, Enabled=False)
    account.functions.update_event_source_mapping(UUID=mapping, Enabled=True, FunctionName=alias)
    account.send(url, 1)
    assert until(lambda: account.said(function, "INVOKED"), lambda found: len(found) == 1) == [alias]
    plain = alias.removesuffix(":run-1")
    account.functions.update_event_source_mapping(UUID=account.settled(mapping), FunctionName=plain)
    account.settled(mapping)
    account.send(url, 1)
    assert until(lambda: account.said(function, "INVOKED"), lambda found: len(found) == 2) == [alias, plain]


# -- batch_responses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["done", {"batchItemFailures": [{"itemIdentifier": "of another batch"}]}])
def test_an_invalid_batch_response_fails_the_whole_batch(account: Account, answer: Any) -> None:
    dead_letters, dead_letter_arn = account.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": 2})
    url, arn = account.queue(VisibilityTimeout="3", RedrivePolicy=redrive)
    function = account.reporter(answer)
    account.mapping(function, arn, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"])
    account.send(url, 3)
    assert until(lambda: account.left(dead_letters), lambda left: left == 3) == 3
    assert until(lambda: account.left(url), lambda left: left == 0) == 0


def test_without_reporting_any_answer_is_success(account: Account) -> None:
    url, arn = account.queue()
    function = account.reporter("done")
    account.mapping(function, arn)
    account.send(url, 3)
    assert until(lambda: sum(account.batches(function)), lambda count: count >= 3) == 3
    assert until(lambda: account.left(url), lambda left: left == 0) == 0


# -- mapping_limits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "settings", "said"),
    [
        ({}, {"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        pytest.param(
            {"VisibilityTimeout": "2"},
            {},
            "Queue visibility timeout: 2 seconds is less than",
            marks=pytest.mark.differs(localstack="a visibility timeout below the function's timeout is accepted"),
        ),
    ],
)
def test_a_mapping_that_lambda_refuses_is_refused(
    account: Account, attributes: dict[str, str], settings: dict[str, Any], said: str
) -> None:
    _, arn = account.queue(**attributes)
    with pytest.raises(ClientError, match=said):
        account.mapping(account.reporter(), arn, **settings)


def test_an_update_that_lambda_refuses_is_refused(account: Account) -> None:
    _, arn = account.queue()
    mapping = account.mapping(account.reporter(), arn, BatchSize=10)
    with pytest.raises(ClientError, match="Maximum batch window in seconds"):
        account.functions.update_event_source_mapping(UUID=mapping, BatchSize=100)
    answer = account.functions.update_event_source_mapping(
        UUID=mapping, BatchSize=100, MaximumBatchingWindowInSeconds=1
    )
    assert (answer["BatchSize"], answer["MaximumBatchingWindowInSeconds"]) == (100, 1)


# -- subscription_redrive ----------------------------------------------------------------------------------------------


def test_a_message_for_a_deleted_queue_goes_to_the_subscriptions_dead_letter_queue(account: Account) -> None:
    url, arn = account.queue()
    dead_letters, dead_letter_arn = account.queue()
    topic = account.sns.create_topic(Name=account.name())["TopicArn"]
    account.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_letter_arn})},
    )
    account.sqs.delete_queue(QueueUrl=url)
    account.sns.publish(TopicArn=topic, Message="not lost")
    received = account.sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=20)["Messages"]
    assert [json.loads(message["Body"])["Message"] for message in received] == ["not lost"]


# -- sns_timestamp -----------------------------------------------------------------------------------------------------


def test_all_subscriptions_of_a_topic_get_the_time_of_the_publish(account: Account) -> None:
    topic = account.sns.create_topic(Name=account.name())["TopicArn"]
    queues = [account.queue() for _ in range(3)]
    for _, arn in queues:
        account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    before = datetime.now(UTC)
    account.sns.publish(TopicArn=topic, Message="once")
    after = datetime.now(UTC)
    bodies = [account.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"] for url, _ in queues]
    (timestamp,) = {json.loads(body)["Timestamp"] for body in bodies}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamp)
    assert before - MILLISECOND <= datetime.fromisoformat(timestamp) <= after


# -- function_environment ----------------------------------------------------------------------------------------------


def test_a_function_sees_awss_variables_its_own_and_its_code_before_its_layers(account: Account, bench: Bench) -> None:
    layer = account.functions.publish_layer_version(
        LayerName=account.name(), Content={"ZipFile": archive(python__shared="WHO = 'layer'")}
    )
    function = account.function(
        ENVIRONMENT,
        files={"shared": "WHO = 'function'"},
        Layers=[layer["LayerVersionArn"]],
        Environment={"Variables": {"TABLE": "orders"}},
    )
    seen = json.loads(account.functions.invoke(FunctionName=function)["Payload"].read())
    environment = seen["environment"]
    assert seen["shared"] == "function"
    assert environment["TABLE"] == "orders"
    assert environment["AWS_REGION"] == bench.endpoints.region
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert environment["AWS_ENDPOINT_URL"] == bench.endpoints.aws_endpoint_url
    assert environment.get("AWS_ENDPOINT_URL_FIREHOSE", "") == bench.endpoints.firehose_url
    assert not {"LOG_LEVEL", "GATEWAY_PORT", "TMPDIR", "HOME", "MINISTACK_REGION"} & set(environment)


def test_the_published_powertools_layer_can_be_imported(account: Account, bench: Bench) -> None:
    code = "import aws_lambda_powertools as p, boto3\ndef handler(event, context):\n    return p.__file__"
    function = account.function(code, Layers=[bench.powertools_layer_arn])
    answer = account.functions.invoke(FunctionName=function)
    found = answer["Payload"].read().decode()
    assert "python/aws_lambda_powertools" in found
    assert "site-packages" not in found


# -- s3_managed_key ----------------------------------------------------------------------------------------------------


def test_a_buckets_default_encryption_shows_on_its_objects(bench: Bench, account: Account) -> None:
    s3, bucket = bench.client("s3"), account.name()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": bench.endpoints.region})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="default", Body=b"x")
    s3.put_object(Bucket=bucket, Key="asked", Body=b"x", ServerSideEncryption="aws:kms")
    for key in ("default", "asked"):
        head = s3.head_object(Bucket=bucket, Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"].startswith(f"arn:aws:kms:{bench.endpoints.region}:")
    own_key = bench.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="own", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=own_key)
    assert s3.head_object(Bucket=bucket, Key="own")["SSEKMSKeyId"] == own_key


# -- api_gateway -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def orders_url(bench: Bench) -> str:
    """A REST API whose POST /orders demands `customer` and answers 200 to what is valid."""
    gateway = bench.client("apigateway")
    api = gateway.create_rest_api(name=Account.name())["id"]
    schema = {"type": "object", "required": ["customer"], "properties": {"customer": {"type": "string"}}}
    gateway.create_model(restApiId=api, name="Order", contentType="application/json", schema=json.dumps(schema))
    validator = gateway.create_request_validator(restApiId=api, name="body", validateRequestBody=True)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    orders = {"restApiId": api, "httpMethod": "POST"}
    orders["resourceId"] = gateway.create_resource(restApiId=api, parentId=root, pathPart="orders")["id"]
    gateway.put_method(
        **orders,
        authorizationType="NONE",
        requestValidatorId=validator,
        requestModels={"application/json": "Order"},
    )
    template = {"application/json": '{"statusCode": 200}'}
    gateway.put_integration(**orders, type="MOCK", requestTemplates=template)
    gateway.put_method_response(**orders, statusCode="200")
    gateway.put_integration_response(**orders, statusCode="200", responseTemplates={"application/json": "{}"})
    said = '{"message": $context.error.messageString, "reason": "$context.error.validationErrorString"}'
    gateway.put_gateway_response(
        restApiId=api, responseType="BAD_REQUEST_BODY", responseTemplates={"application/json": said}
    )
    gateway.create_deployment(restApiId=api, stageName="v1")
    return f"{bench.endpoints.aws_endpoint_url}/_aws/execute-api/{api}/v1/orders"


def post(url: str, body: Any) -> tuple[int, Any]:
    """Status and JSON answer of a POST."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_gateway_response_names_the_missing_field(account: Account, orders_url: str) -> None:
    status, answer = post(orders_url, {"amount": 1})
    assert status == 400
    assert answer == {
        "message": "Invalid request body",
        "reason": '[object has missing required properties (["customer"])]',
    }


def test_a_valid_body_passes_the_request_validator(account: Account, orders_url: str) -> None:
    assert post(orders_url, {"customer": "c"})[0] == 200


# -- relied on as it is ------------------------------------------------------------------------------------------------


def test_only_reported_messages_come_back(account: Account) -> None:
    code = """
import json
def handler(event, context):
    bad = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": i} for i in bad]}
"""
    dead_letters, dead_letter_arn = account.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": 2})
    url, arn = account.queue(VisibilityTimeout="3", RedrivePolicy=redrive)
    account.send(url, 5, body="good")
    account.send(url, 2, body="bad")
    account.mapping(account.function(code), arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert until(lambda: account.left(dead_letters), lambda left: left == 2) == 2
    assert account.left(url) == 0


@pytest.mark.differs(
    localstack="a JSON body reaches a function written again: `1E3` as `1000.0`, one of two equal keys"
)
def test_a_function_gets_the_body_as_it_was_sent(account: Account) -> None:
    url, arn = account.queue()
    body = '{"amount":1E3,"exact":12345678901234567890.12,"twice":1,"twice":2}'
    function = account.function('def handler(event, context):\n    print("BODY", event["Records"][0]["body"])')
    account.mapping(function, arn)
    account.send(url, 1, body)
    assert until(lambda: account.said(function, "BODY"), bool) == [body]


def test_a_filter_policy_keeps_other_messages_out(account: Account) -> None:
    url, arn = account.queue()
    topic = account.sns.create_topic(Name=account.name())["TopicArn"]
    policy = json.dumps({"amount": [{"numeric": [">=", 100]}]})
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": policy})
    for amount in ("99", "100"):
        attribute = {"amount": {"DataType": "Number", "StringValue": amount}}
        account.sns.publish(TopicArn=topic, Message=amount, MessageAttributes=attribute)
    received = account.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    assert [json.loads(message["Body"])["Message"] for message in received] == ["100"]
