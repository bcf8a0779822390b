"""From a replay queue to what hangs on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from event_fork_cli.errors import BadInputError, FailedError, RefusedError
from event_fork_cli.replay.targets import find_queue

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

    from event_fork_cli.aws import AwsSettings

WINDOW_VARIABLE = "REPLAY_WINDOW_PARAMETER"
ENABLED, DISABLED = "Enabled", "Disabled"
_STATE_SECONDS = 300.0
"""AWS does not say how long a mapping takes to change; it was seen to take up to two minutes."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages in a queue, as SQS estimates them: to be had now, and hidden (in flight or kept back)."""

    visible: int
    hidden: int

    @property
    def all(self) -> int:
        """All of them."""
        return self.visible + self.hidden


@dataclass(frozen=True)
class ReplayQueue:
    """A replay queue with its mapping and its function."""

    url: str
    arn: str
    mapping: str
    function: str
    window_parameter: str
    workers: int | None
    sqs: SQSClient
    functions: LambdaClient
    wait: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.arn.rpartition(":")[2]

    def backlog(self) -> Backlog:
        """What is in the queue now."""
        found = self.sqs.get_queue_attributes(
            QueueUrl=self.url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        return Backlog(int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"]))

    def state(self) -> str:
        """The mapping's state: Enabled, Disabled, Enabling, Disabling, Updating, ..."""
        return self.functions.get_event_source_mapping(UUID=self.mapping)["State"]

    def switch(self, *, on: bool) -> None:
        """Switches the mapping and waits until it is so. Raises FailedError when it takes longer than five minutes."""
        wanted = ENABLED if on else DISABLED
        waited = 0.0
        while True:
            try:
                self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=on)
                break
            except self.functions.exceptions.ResourceInUseException:
                waited = self._waited(waited, wanted)  # it is in the middle of another change
        while self.state() != wanted:
            waited = self._waited(waited, wanted)

    def _waited(self, waited: float, wanted: str) -> float:
        if waited >= _STATE_SECONDS:
            raise FailedError(
                f"the mapping {self.mapping} of {self.name} is {self.state()} and not {wanted}: look at it"
            )
        self.wait(1.0)
        return waited + 1.0


def find_pipeline(settings: AwsSettings, given: str) -> ReplayQueue:
    """The replay pipeline of a queue. Raises BadInputError, RefusedError."""
    queue = find_queue(given, "QUEUE", settings)
    functions = settings.functions()
    mappings = functions.list_event_source_mappings(EventSourceArn=queue.arn)["EventSourceMappings"]
    if len(mappings) != 1:
        raise BadInputError(
            "QUEUE",
            f"must be the queue of a replay pipeline, which has one function ({len(mappings)} were found)",
            example="orders-replay",
            received=given,
        )
    (mapping,) = mappings
    function = mapping["FunctionArn"]
    variables = functions.get_function_configuration(FunctionName=function).get("Environment", {}).get("Variables", {})
    parameter = variables.get(WINDOW_VARIABLE)
    if not parameter:
        raise RefusedError(
            f"the function {function.rpartition(':')[2]} has no {WINDOW_VARIABLE} and so would replay everything: "
            "apply the current version of modules/replay"
        )
    return ReplayQueue(
        url=queue.url,
        arn=queue.arn,
        mapping=mapping["UUID"],
        function=function,
        window_parameter=parameter,
        workers=mapping.get("ScalingConfig", {}).get("MaximumConcurrency"),
        sqs=settings.sqs(),
        functions=functions,
    )
