"""CheckoutApiBackendFunction: an order comes in by HTTP, is checked in depth and told to CheckoutEventsTopic."""

import base64
import json
import os
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from .event import order_placed
from .order import InvalidOrderError, parse_order
from .settings import ApiBackendSettings
from .topic import SnsTopic, Topic

logger = Logger()
metrics = Metrics()
tracer = Tracer()


@cache
def settings() -> ApiBackendSettings:
    """What this function is told, read once per execution environment."""
    return ApiBackendSettings.from_env(os.environ)


@cache
def topic() -> Topic:
    """The topic of this function, made once per execution environment."""
    return SnsTopic(boto3.client("sns"), settings().topic_arn)


@logger.inject_lambda_context(log_event=False)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """API Gateway proxy event in; 201 with the order's id, or 400 with every faulty field, out."""
    try:
        order = parse_order(_body(event), settings().max_order_bytes)
        placed = order_placed(order, order_id=str(uuid4()), placed_at=datetime.now(UTC))
    except InvalidOrderError as refused:
        return _refusal(refused)
    message_id = topic().publish(placed)
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    logger.info("order placed", order_id=placed.order_id, event_id=message_id)
    return _response(201, {"orderId": placed.order_id})


def _body(event: dict[str, Any]) -> str:
    body = event.get("body") or ""
    return base64.b64decode(body).decode(errors="replace") if event.get("isBase64Encoded") else str(body)


def _refusal(refused: InvalidOrderError) -> dict[str, Any]:
    """Names of fields are logged, never their values: one of them may be a card number."""
    metrics.add_metric("OrdersRefused", MetricUnit.Count, 1)
    logger.info("order refused", fields=[fault.field for fault in refused.faults])
    errors = [{"field": fault.field, "reason": fault.reason} for fault in refused.faults]
    return _response(400, {"message": "Invalid order", "errors": errors})


def _response(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
