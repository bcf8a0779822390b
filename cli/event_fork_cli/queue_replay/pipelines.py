"""From a replay queue to what hangs on it, and the switch of its mapping."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from event_fork.queue_replay.window import DEFAULT_WORKERS, RUN_PREFIX, run_of
from event_fork_cli.archive_replay.targets import find_queue
from event_fork_cli.errors import BadInputError, FailedError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient

    from event_fork_cli.aws import AwsSettings

WINDOW_VARIABLE = "REPLAY_WINDOW_PARAMETER"
ENABLED, DISABLED = "Enabled", "Disabled"
_QUALIFIER = re.compile(r"[A-Za-z0-9$_-]{1,128}")
_INVOCATIONS_OF_POLLER = 10
"""At a time: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
MAX_IN_FLIGHT = 120_000
"""So many messages of a standard queue can be hidden; then it hands out no more.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
_LIMITS = range(2, 1001)
"""What a maximum concurrency can be."""
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


@dataclass(frozen=True, slots=True)
class MappingSettings:
    """Of a mapping, what a run changes and puts back. It is noted on the run's alias, where any `disable` finds it.

    `qualifier`: the version or alias of the function that it invokes, None without. `workers`: how many invocations it
    makes at a time at most; None: as many as Lambda starts.
    """

    qualifier: str | None
    workers: int | None

    def to_text(self) -> str:
        """The note."""
        return json.dumps({"qualifier": self.qualifier, "maximum_concurrency": self.workers})

    @classmethod
    def from_text(cls, text: str) -> MappingSettings:
        """What the note says. Of one that says something else, what can be right is taken: no more is ever put back."""
        try:
            note = json.loads(text)
        except (ValueError, RecursionError):
            note = None
        note = note if isinstance(note, dict) else {}
        qualifier, workers = note.get("qualifier"), note.get("maximum_concurrency")
        is_name = isinstance(qualifier, str) and _QUALIFIER.fullmatch(qualifier) is not None
        is_limit = isinstance(workers, int) and not isinstance(workers, bool) and workers in _LIMITS
        return cls(qualifier if is_name else None, workers if is_limit else None)


@dataclass(frozen=True, slots=True)
class MappingState:
    """A mapping as it is. `state`: Enabled, Disabled, Enabling, ... `run`: whose alias it invokes; None: no run's.

    `pollers`: how many provisioned ones it has at most. Such a mapping takes no maximum concurrency; None: it has none.
    """

    state: str
    run: str | None
    settings: MappingSettings
    pollers: int | None = None

    @property
    def is_on(self) -> bool:
        """Whether it is on, or about to be."""
        return self.state not in {DISABLED, "Disabling"}

    def is_off_with(self, settings: MappingSettings) -> bool:
        """Whether it is off, nothing polls any more, and it has these settings and no run's."""
        return self.state == DISABLED and self.run is None and self.settings == settings


@dataclass(frozen=True)
class ReplayQueue:
    """A replay queue with its mapping and its function.

    `function`: its ARN, unqualified. `function_seconds`: how long an invocation of it takes at most.
    """

    url: str
    arn: str
    mapping: str
    function: str
    function_seconds: float
    log_group: str
    window_parameter: str
    sqs: SQSClient
    functions: LambdaClient
    logs: CloudWatchLogsClient
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

    def visibility_seconds(self) -> float:
        """For how long a message is hidden that was received and not deleted."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        return float(found["VisibilityTimeout"])

    def mapping_state(self) -> MappingState:
        """The mapping as it is now."""
        found = self.functions.get_event_source_mapping(UUID=self.mapping)
        run = run_of(found["FunctionArn"])
        qualifier = None if run else next(iter(found["FunctionArn"].split(":")[7:]), None)
        workers = found.get("ScalingConfig", {}).get("MaximumConcurrency")
        pollers = found.get("ProvisionedPollerConfig", {}).get("MaximumPollers")
        return MappingState(found["State"], run, MappingSettings(qualifier, workers), pollers)

    def switch_on(self, run: str, before: MappingSettings, workers: int | None) -> None:
        """Switches the mapping on for a run: it invokes the function by an alias of that name, so the function knows.

        At most `workers` at a time. `before`: what it is to be again at the end. Raises FailedError when it takes
        longer than five minutes.
        """
        version = self.functions.get_function_configuration(FunctionName=self._qualified(before))["Version"]
        self.functions.create_alias(
            FunctionName=self.function, Name=run, FunctionVersion=version, Description=before.to_text()
        )
        changes = self._changes(MappingSettings(run, workers), before.workers)
        waited = 0.0
        while not self._asked(ENABLED, changes):
            waited = self._waited(waited, ENABLED)
        while self.mapping_state().state != ENABLED:
            waited = self._waited(waited, ENABLED)

    def switch_off(self, before: MappingSettings, of: str | None = None) -> None:
        """Switches the mapping off, and then puts back what a run changed. Raises FailedError as switch_on does.

        Not in one change: as long as anything still polls, the function must be told whose run it is. `of`: only while
        no other run has it; None: whoever has it.
        """
        waited = 0.0
        while not (now := self.mapping_state()).is_off_with(before) and (of is None or now.run in (None, of)):
            is_off = now.state == DISABLED
            self._asked(DISABLED, self._changes(before, now.settings.workers) if is_off else {})
            waited = self._waited(waited, DISABLED)

    def runs(self) -> dict[str, MappingSettings]:
        """The runs that have an alias, and what each has noted on it."""
        pages = self.functions.get_paginator("list_aliases").paginate(FunctionName=self.function.split(":")[6])
        aliases = [alias for page in pages for alias in page["Aliases"] if alias["Name"].startswith(RUN_PREFIX)]
        return {alias["Name"]: MappingSettings.from_text(alias.get("Description", "")) for alias in aliases}

    def forget(self, run: str) -> None:
        """Deletes the alias of a run; there need not be one."""
        try:
            self.functions.delete_alias(FunctionName=self.function, Name=run)
        except self.functions.exceptions.ResourceNotFoundException:
            return

    def _qualified(self, settings: MappingSettings) -> str:
        return self.function if settings.qualifier is None else f"{self.function}:{settings.qualifier}"

    def _changes(self, settings: MappingSettings, workers_now: int | None) -> dict[str, Any]:
        changes: dict[str, Any] = {"FunctionName": self._qualified(settings)}
        if settings.workers != workers_now:
            # An empty ScalingConfig removes the limit.
            changes["ScalingConfig"] = {} if settings.workers is None else {"MaximumConcurrency": settings.workers}
        return changes

    def _asked(self, wanted: str, changes: dict[str, Any]) -> bool:
        """Whether Lambda took the change; not while it is in the middle of another one."""
        try:
            self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=wanted == ENABLED, **changes)
        except self.functions.exceptions.ResourceInUseException:
            return False
        return True

    def _waited(self, waited: float, wanted: str) -> float:
        if waited >= _STATE_SECONDS:
            state = self.mapping_state().state
            raise FailedError(f"the mapping {self.mapping} of {self.name} is {state} and not {wanted}: look at it")
        self.wait(1.0)
        return waited + 1.0


def workers_of_run(rate: float | None, mapping: MappingState) -> int | None:
    """How many invocations share a run's rate: where the mapping has no limit, the least there can be."""
    if mapping.pollers is not None:
        return mapping.pollers * _INVOCATIONS_OF_POLLER
    limit = mapping.settings.workers
    return DEFAULT_WORKERS if rate is not None and limit is None else limit


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
    function = _unqualified(mapping["FunctionArn"])
    # During a run it is the run's alias.
    invoked = function if run_of(mapping["FunctionArn"]) else mapping["FunctionArn"]
    configuration = functions.get_function_configuration(FunctionName=invoked)
    parameter = configuration.get("Environment", {}).get("Variables", {}).get(WINDOW_VARIABLE)
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
        function_seconds=configuration["Timeout"],
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function.split(':')[6]}",
        window_parameter=parameter,
        sqs=settings.sqs(),
        functions=functions,
        logs=settings.logs(),
    )


def _unqualified(function_arn: str) -> str:
    return ":".join(function_arn.split(":")[:7])
