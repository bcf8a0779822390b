"""From a replay queue to what hangs on it, and the switch of its mapping."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from event_fork.queue_replay.window import DEFAULT_WORKERS, run_of
from event_fork_cli.archive_replay.targets import find_queue
from event_fork_cli.errors import BadInputError, FailedError, RefusedError

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
    """A replay queue with its mapping and its function.

    `function`: the ARN that the mapping invokes while no run goes on. `workers`: how many invocations the mapping makes
    at a time at most; None: as many as Lambda starts.
    """

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

    def settings(self, workers: int | None) -> dict[str, Any]:
        """Of the mapping, what a run with so many workers changes and puts back: for UpdateEventSourceMapping."""
        settings: dict[str, Any] = {"FunctionName": self.function}
        if workers != self.workers:
            # An empty ScalingConfig removes the limit.
            settings["ScalingConfig"] = {} if self.workers is None else {"MaximumConcurrency": self.workers}
        return settings

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

    def switch_on(self, run: str, workers: int | None) -> None:
        """Switches the mapping on for a run: it invokes the function by an alias of that name, so the function knows.

        At most `workers` at a time; None: as the mapping has it. Raises FailedError when it takes longer than five
        minutes.
        """
        version = self.functions.get_function_configuration(FunctionName=self.function)["Version"]
        alias = self.functions.create_alias(
            FunctionName=_unqualified(self.function),
            Name=run,
            FunctionVersion=version,
            Description=f"A run of `event-fork replay queue enable {self.name}`"[:256],
        )
        settings: dict[str, Any] = {"FunctionName": alias["AliasArn"]}
        if workers != self.workers:
            settings["ScalingConfig"] = {"MaximumConcurrency": workers}
        self._update(ENABLED, settings)

    def switch_off(self, settings: dict[str, Any]) -> None:
        """Switches the mapping off and puts back what a run changed. Raises FailedError as switch_on does."""
        self._update(DISABLED, settings)

    def forget(self, run: str) -> None:
        """Deletes the alias of a run; there need not be one."""
        try:
            self.functions.delete_alias(FunctionName=_unqualified(self.function), Name=run)
        except self.functions.exceptions.ResourceNotFoundException:
            return

    def _update(self, wanted: str, settings: dict[str, Any]) -> None:
        waited = 0.0
        while True:
            try:
                self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=wanted == ENABLED, **settings)
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


def workers_of_run(queue: ReplayQueue, rate: float | None) -> int | None:
    """How many invocations share a run's rate: where the mapping has no limit, the least there can be."""
    return DEFAULT_WORKERS if rate is not None and queue.workers is None else queue.workers


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
    # During a run it is the run's alias.
    function = _without_run(mapping["FunctionArn"])
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


def _unqualified(function_arn: str) -> str:
    return ":".join(function_arn.split(":")[:7])


def _without_run(function_arn: str) -> str:
    return function_arn if run_of(function_arn) is None else _unqualified(function_arn)
