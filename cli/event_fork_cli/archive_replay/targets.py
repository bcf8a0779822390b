"""The queue that is meant by --target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from event_fork.replay_plan.plan import FIFO_SUFFIX
from event_fork_cli.archive_replay.engines import ROOT, AllowedTarget, ReplayEngine
from event_fork_cli.errors import BadInputError, RefusedError

if TYPE_CHECKING:
    from event_fork_cli.aws import AwsSettings

_ARN = re.compile(r"arn:[^:]+:sqs:(?P<region>[^:]+):(?P<account>\d{12}):(?P<name>[\w-]{1,80}(\.fifo)?)")
_HOST = re.compile(r"https://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_NAME = re.compile(r"[\w-]{1,80}(\.fifo)?")

IDEMPOTENT_TAG = "event-fork-idempotent"
WINDOW_SUFFIX = "/replay-window"


def find_target(given: str, allowed: Sequence[AllowedTarget], settings: AwsSettings) -> AllowedTarget:
    """The queue of a name, URL or ARN: one of the allowed ones, else one that exists. Raises BadInputError."""
    found = {target.arn: target for target in allowed if given in (target.arn, target.url, target.name)}
    if len(found) > 1:
        raise BadInputError(
            "--target",
            f"must say which queue of that name is meant ({', '.join(found)})",
            example=f"--target {next(iter(found))}",
            received=given,
        )
    return next(iter(found.values())) if found else find_queue(given, "--target", settings, fifo=True)


def find_shadow(given: str | None, engines: Sequence[ReplayEngine]) -> AllowedTarget:
    """The shadow queue of the modules of an archive: the given one, or the only one. Raises RefusedError."""
    shadows = {target.arn: target for engine in engines for target in engine.targets if target.shadow}
    if given is not None:
        shadows = {arn: one for arn, one in shadows.items() if given in (arn, one.url, one.name)}
    if len(shadows) == 1:
        return next(iter(shadows.values()))
    modules = ", ".join(engine.name for engine in engines) or "there is none"
    if not shadows:
        which = "no queue" if given is None else f"no queue {given}"
        raise RefusedError(
            f"{which} among the targets of the archive's replay modules ({modules}) is a shadow: "
            "set targets[].shadow = true in modules/replay"
        )
    raise BadInputError(
        "--target",
        f"must say which shadow queue is meant ({', '.join(shadows)})",
        example=f"--target {next(iter(shadows))}",
        received=given or "",
    )


def target_notes(target: AllowedTarget, settings: AwsSettings) -> list[str]:
    """What whoever replays into the queue should know: what it is for, whether its consumer may be sent copies."""
    notes: list[str] = []
    sqs = settings.sqs(target.arn.split(":")[3])
    tags: dict[str, str] = {}
    try:
        if sqs.list_dead_letter_source_queues(QueueUrl=target.url, MaxResults=1)["queueUrls"]:
            notes.append(f"{target.arn} is a dead-letter queue: a redrive sends what lies in it on")
        tags = sqs.list_queue_tags(QueueUrl=target.url).get("Tags", {})
    except ClientError as error:
        code = error.response["Error"]["Code"]
        needed = "sqs:ListDeadLetterSourceQueues and sqs:ListQueueTags"
        notes.append(f"what {target.arn} is for cannot be seen ({code}): that needs {needed}")
    if _is_replay_queue(target, settings):
        notes.append(
            f"{target.arn} is the queue of a replay module: the copies lie there until a `replay queue enable`"
        )
    if target.shadow:
        notes.append(f"{target.arn} is a shadow: nothing that counts hangs on it")
    if not (target.idempotent or target.shadow) and tags.get(IDEMPOTENT_TAG) != "true":
        notes.append(
            f"the consumer of {target.arn} is not declared idempotent: what it did for an event it may do again. "
            f"To declare it: tag the queue {IDEMPOTENT_TAG} = true, or set targets[].idempotent in modules/replay"
        )
    return notes


def _is_replay_queue(target: AllowedTarget, settings: AwsSettings) -> bool:
    """A replay module leaves a parameter for the window of its queue; both are named after the module."""
    try:
        found = settings.ssm().get_parameters_by_path(Path=f"{ROOT}{target.name}/")["Parameters"]
    except ClientError:  # whoever may not read them is told so where the modules are looked for
        return False
    own = target.arn.split(":")[3:5]
    return any(one["Name"].endswith(WINDOW_SUFFIX) and one["ARN"].split(":")[3:5] == own for one in found)


def find_queue(given: str, option: str, settings: AwsSettings, *, fifo: bool = False) -> AllowedTarget:
    """The queue of a name, URL or ARN, in any account and Region: a standard one, or also a FIFO one.

    Raises BadInputError naming `option`.
    """

    def bad(rule: str) -> BadInputError:
        example = f"{option} CheckoutQueue" if option.startswith("--") else "CheckoutQueue"
        return BadInputError(option, rule, example=example, received=given)

    if given.endswith(FIFO_SUFFIX) and not fifo:
        raise bad("must be a standard queue")
    sqs = settings.sqs()
    try:
        if match := _ARN.fullmatch(given):
            client = settings.sqs(match["region"])
            url = client.get_queue_url(QueueName=match["name"], QueueOwnerAWSAccountId=match["account"])["QueueUrl"]
            return AllowedTarget(given, url)
        if given.startswith(("http://", "https://")):
            url = given
            if host := _HOST.match(given):  # only its own Region knows a queue
                sqs = settings.sqs(host["region"])
        elif _NAME.fullmatch(given):
            url = sqs.get_queue_url(QueueName=given)["QueueUrl"]
        else:
            raise bad("must be the name, URL or ARN of an SQS queue")
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    except sqs.exceptions.QueueDoesNotExist:
        raise bad("must be a queue that exists") from None
    return AllowedTarget(arn, url)
