"""CheckoutApiBackendFunction against moto's SNS: what it answers, and what the topic's subscribers get."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from checkout import api_backend
from checkout.settings import SettingsError
from moto import mock_aws

from examples.ecommerce.demo.orders import samples

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Response = dict[str, Any]
CONTEXT = SimpleNamespace(
    function_name="api-backend", memory_limit_in_mb=128, invoked_function_arn="arn:fn", aws_request_id="r-1"
)
GOOD = samples(1, bad=0, seed=1)[0].body
BAD = [sample for sample in samples(21, bad=20, seed=1) if sample.wrong_field]


@pytest.fixture(autouse=True)
def _new_execution_environment() -> Iterator[None]:
    api_backend.topic.cache_clear()
    api_backend.settings.cache_clear()
    yield
    api_backend.topic.cache_clear()
    api_backend.settings.cache_clear()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The envelopes that a queue subscribed to the topic has got."""
    with mock_aws():
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        monkeypatch.setenv("TOPIC_ARN", topic)

        def envelopes() -> list[dict[str, Any]]:
            got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in got]

        yield envelopes


def post(body: str | None, **more: Any) -> Response:
    response: Response = api_backend.handler({"httpMethod": "POST", "body": body, **more}, CONTEXT)
    return {**response, "body": json.loads(response["body"])}


def test_an_order_is_published_once_and_answered_with_its_id(published: Callable[[], list[dict[str, Any]]]) -> None:
    answer = post(GOOD)
    assert answer["statusCode"] == 201
    (envelope,) = published()
    message = json.loads(envelope["Message"])
    assert message["id"] == answer["body"]["orderId"]
    assert {name: message[name] for name in json.loads(GOOD)} == json.loads(GOOD)


def test_the_attributes_reach_the_subscribers_with_their_types(published: Callable[[], list[dict[str, Any]]]) -> None:
    post(GOOD)
    (envelope,) = published()
    assert envelope["MessageAttributes"]["amount"] == {"Type": "Number", "Value": "99.99"}
    assert envelope["MessageAttributes"]["event_type"] == {"Type": "String", "Value": "order.placed"}


def test_every_order_gets_an_id_of_its_own(published: Callable[[], list[dict[str, Any]]]) -> None:
    assert len({post(GOOD)["body"]["orderId"] for _ in range(5)}) == 5


def test_a_base64_body_is_an_order_too(published: Callable[[], list[dict[str, Any]]]) -> None:
    assert post(base64.b64encode(GOOD.encode()).decode(), isBase64Encoded=True)["statusCode"] == 201


@pytest.mark.parametrize("sample", BAD, ids=lambda sample: sample.wrong_field)
def test_a_bad_order_is_answered_400_with_its_field_and_nothing_is_published(
    sample: Any, published: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = post(sample.body)
    assert answer["statusCode"] == 400
    assert sample.wrong_field in {error["field"] for error in answer["body"]["errors"]}
    assert published() == []


def test_no_body_at_all_is_a_bad_order(published: Callable[[], list[dict[str, Any]]]) -> None:
    assert post(None)["body"]["errors"][0]["field"] == "body"


def test_no_card_number_is_logged(
    published: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(api_backend.logger.registered_handler, "stream", log)
    sample = next(sample for sample in samples(40, bad=0, seed=3) if sample.card_numbers)
    spoiled = json.loads(sample.body) | {"currency": "EUR"}
    post(sample.body)
    post(json.dumps(spoiled))
    assert "order placed" in log.getvalue()
    assert "order refused" in log.getvalue()
    assert sample.card_numbers[0] not in log.getvalue()


def test_an_order_that_cannot_be_published_is_not_answered_with_success(
    published: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:gone")
    with pytest.raises(ClientError):
        post(GOOD)


def test_a_missing_topic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOPIC_ARN", raising=False)
    with pytest.raises(SettingsError, match="TOPIC_ARN"):
        post(GOOD)
