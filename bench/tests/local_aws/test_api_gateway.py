"""What the correction of the emulator's API Gateway promises, by API only: the same tests hold on AWS."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from testbench import Bench

MODEL = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["customer", "amount"],
    "additionalProperties": False,
    "properties": {"customer": {}, "amount": {"type": "number"}},
}
REASON = {"message": "Invalid request body", "why": "$context.error.validationErrorString"}


@pytest.fixture(scope="module")
def orders_url(bench: Bench) -> Iterator[str]:
    """A REST API whose POST /orders is validated against MODEL and answered 200 by a mock integration."""
    gateway: Any = bench.client("apigateway")
    api = gateway.create_rest_api(name=f"orders-{uuid4().hex[:8]}")
    try:
        resource = gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="orders")
        at = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "POST"}
        gateway.create_model(
            restApiId=api["id"], name="Order", contentType="application/json", schema=json.dumps(MODEL)
        )
        validator = gateway.create_request_validator(restApiId=api["id"], name="body", validateRequestBody=True)
        gateway.put_method(
            **at,
            authorizationType="NONE",
            requestModels={"application/json": "Order"},
            requestValidatorId=validator["id"],
        )
        gateway.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        gateway.put_method_response(**at, statusCode="200")
        gateway.put_integration_response(**at, statusCode="200", responseTemplates={"application/json": '{"ok": true}'})
        gateway.put_gateway_response(
            restApiId=api["id"],
            responseType="BAD_REQUEST_BODY",
            responseTemplates={"application/json": json.dumps(REASON)},
        )
        gateway.create_deployment(restApiId=api["id"], stageName="live")
        yield f"{bench.environment()['AWS_ENDPOINT_URL']}/_aws/execute-api/{api['id']}/live/orders"
    finally:
        gateway.delete_rest_api(restApiId=api["id"])


def post(url: str, body: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"}, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def test_a_body_that_fits_the_model_passes(orders_url: str) -> None:
    assert post(orders_url, '{"customer": 1, "amount": 2}')[0] == 200


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", '[object has missing required properties (["amount","customer"])]'),
        (
            '{"customer": 1, "amount": 2, "x": 3}',
            '[object instance has properties which are not allowed by the schema: ["x"]]',
        ),
        (
            '{"customer": 1, "amount": "2"}',
            '[instance type (string) does not match any allowed primitive type (allowed: ["number"])]',
        ),
    ],
)
def test_a_body_that_does_not_is_refused_with_the_reason(orders_url: str, body: str, why: str) -> None:
    assert post(orders_url, body) == (400, {"message": "Invalid request body", "why": why})
