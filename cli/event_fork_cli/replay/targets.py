"""The queue that is meant by --target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from event_fork_cli.errors import BadInputError
from event_fork_cli.replay.engines import AllowedTarget

if TYPE_CHECKING:
    from event_fork_cli.aws import AwsSettings

_ARN = re.compile(r"arn:[^:]+:sqs:(?P<region>[^:]+):(?P<account>\d{12}):(?P<name>[\w-]{1,80})")
_NAME = re.compile(r"[\w-]{1,80}")


def find_target(given: str, allowed: Sequence[AllowedTarget], settings: AwsSettings) -> AllowedTarget:
    """The queue of a name, URL or ARN: one of the allowed ones, else one that exists. Raises BadInputError."""
    for target in allowed:
        if given in (target.arn, target.url, target.name):
            return target
    if given.endswith(".fifo"):
        raise _bad("must be a standard queue: a replay has no order and would fight a FIFO queue's", given)
    sqs = settings.sqs()
    try:
        if match := _ARN.fullmatch(given):
            client = settings.sqs(match["region"])
            url = client.get_queue_url(QueueName=match["name"], QueueOwnerAWSAccountId=match["account"])["QueueUrl"]
            return AllowedTarget(given, url)
        if given.startswith(("http://", "https://")):
            url = given
        elif _NAME.fullmatch(given):
            url = sqs.get_queue_url(QueueName=given)["QueueUrl"]
        else:
            raise _bad("must be the name, URL or ARN of an SQS queue", given)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    except sqs.exceptions.QueueDoesNotExist:
        raise _bad("must be a queue that exists", given) from None
    return AllowedTarget(arn, url)


def _bad(rule: str, given: str) -> BadInputError:
    return BadInputError("--target", rule, example="--target CheckoutQueue", received=given)
