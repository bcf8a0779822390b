"""2,000 requests of every kind to CheckoutApiBackendFunction: none is a 5xx, and only orders are published."""

import json
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import boto3
import pytest
from checkout import api_backend
from hypothesis import given, settings
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from tests.functional.ecommerce.test_api_backend_function import CONTEXT
from tests.support.order_requests import is_order, requests

pytestmark = [pytest.mark.filterwarnings("ignore:No application metrics to publish"), pytest.mark.slow]

REQUESTS = 2_000
TAKEN_BY_SQS = re.compile("[\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]*")


def test_no_request_is_a_5xx_and_exactly_the_accepted_orders_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Counter[int] = Counter()
    with mock_aws():
        arn = boto3.client("sns").create_topic(Name="orders")["TopicArn"]
        monkeypatch.setenv("TOPIC_ARN", arn)
        api_backend.topic.cache_clear()
        api_backend.settings.cache_clear()
        sent: list[Any] = sns_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].topics[arn].sent_notifications

        @settings(max_examples=REQUESTS)
        @given(body=requests)
        def any_request(body: str) -> None:
            before = len(sent)
            answer: dict[str, Any] = api_backend.handler({"httpMethod": "POST", "body": body}, CONTEXT)  # raises: a 502
            said = json.loads(answer["body"])
            answers[answer["statusCode"]] += 1
            if answer["statusCode"] != 201:
                assert (answer["statusCode"], len(sent)) == (400, before), body
                assert said["errors"], body
                assert len(answer["body"]) < 6 * 1024 * 1024, "Lambda's limit"
                return
            assert len(sent) == before + 1, body
            _, message, _, attributes, *_ = sent[-1]
            assert TAKEN_BY_SQS.fullmatch(message), body
            order = json.loads(message, parse_float=Decimal)
            assert order.pop("id") == said["orderId"]
            assert order.pop("status") == "placed"
            assert order.pop("placedAt")
            assert is_order(order), body
            assert re.fullmatch(r"\d{1,7}(\.\d{1,2})?", attributes["amount"]["Value"]), body
            given_order = json.loads(body, parse_float=Decimal)
            assert {name: order[name] for name in order if name != "metadata"} == {
                name: given_order[name] for name in given_order if name != "metadata"
            }, body

        any_request()
    assert answers.total() >= REQUESTS
    assert min(answers[201], answers[400]) >= REQUESTS / 5, answers
