"""Lambda: warm instances, time-outs, aliases, and event source mappings with pollers and batches in flight."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clients import ACCOUNT, REGION, Network, ServiceError
from tests.simulation.scheduler import Killed, Process, Task
from tests.simulation.services.logs import Logs
from tests.simulation.services.sqs import Message, Queue, Sqs
from tests.simulation.troubles import fraction

Handler = Callable[[dict[str, Any], Any], Any]
_UNTIL_WOKEN = 1e9
_LONGEST_POLL = 20.0
_CHANGING = {"Enabling", "Disabling", "Updating"}


class Context:
    """What a handler is told of its invocation."""

    memory_limit_in_mb = 256

    def __init__(self, name: str, arn: str, request_id: str, remaining: Callable[[], float]) -> None:
        self.function_name = name
        self.invoked_function_arn = arn
        self.aws_request_id = request_id
        self._remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        """Until the time-out."""
        return int(self._remaining() * 1000)


@dataclass(eq=False)
class Function:
    """A function. `make`: a fresh instance's handler; `arn` has no qualifier."""

    name: str
    make: Callable[[], Handler]
    timeout: float
    environment: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Name -> description."""
    idle: list[tuple[Process, Handler]] = field(default_factory=list)
    instances: int = 0

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: `error` None, or its type and text."""

    answer: Any = None
    error: tuple[str, str] | None = None


@dataclass(eq=False)
class EventSourceMapping:
    """From a queue to a function. `acknowledged` is told of every message that it deletes."""

    uuid: str
    queue: Queue
    function_arn: str
    batch_size: int = 10
    window: float = 0.0
    enabled: bool = False
    state: str = "Disabled"
    maximum_concurrency: int | None = None
    acknowledged: Callable[[Message], None] = lambda message: None
    settled: float = 20.0
    """A change takes up to so many seconds."""
    pollers: list[Task] = field(default_factory=list)
    parked: set[Task] = field(default_factory=set)
    """The pollers that have nothing to do until the mapping is changed."""


class Functions:
    """One account's functions and mappings. `lost_deletes`: share of the batches whose deletion fails."""

    def __init__(self, network: Network, sqs: Sqs, logs: Logs) -> None:
        self._network = network
        self.logs = logs
        self._sqs = sqs
        self._scheduler = network.scheduler
        self._service = Process("lambda", ours=True)
        self._requests = itertools.count(1)
        self.functions: dict[str, Function] = {}
        self.mappings: dict[str, EventSourceMapping] = {}
        self.invocations: dict[str, Outcome | None] = {}
        """By request id; None while it goes on."""
        self.payloads: dict[str, Any] = {}
        """Process -> what it was invoked with last."""
        self.seen_polling: dict[str, bool] = {}
        """Process -> whether anything polled for a mapping when it looked at it last."""
        self.lost_deletes = 0.0
        self.any_instance = False
        """Whether any idle instance may get the next invocation; else the one that was used last."""
        self.pollers = 5
        """How many a mapping without a maximum has: as many as Lambda begins with."""
        self.updates: list[dict[str, Any]] = []

    def add(self, function: Function) -> Function:
        """A function that is there."""
        self.functions[function.name] = function
        return function

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: function or mapping."""
        return str(params.get("FunctionName", params.get("UUID", "")))

    # -- invoking -----------------------------------------------------------------------------------------------------

    def invoke(self, arn: str, payload: Any) -> Task:
        """Begin an invocation; the task's result is an Outcome, whoever still waits for it."""
        return self._scheduler.start(self._service, lambda: self._invocation(arn, json.loads(json.dumps(payload))))

    def _invocation(self, arn: str, payload: Any) -> Outcome:
        parts = arn.split(":")
        function = self.functions[parts[6]]
        qualifier = parts[7] if len(parts) > 7 else None
        if qualifier is not None and qualifier not in function.aliases:
            return Outcome(error=("ResourceNotFoundException", arn))
        request_id = f"request-{next(self._requests)}"
        self.invocations[request_id] = None
        outcome = self._run(function, arn, payload, request_id)
        self.invocations[request_id] = outcome
        return outcome

    def _run(self, function: Function, arn: str, payload: Any, request_id: str) -> Outcome:
        process, handler = self._instance(function)
        end = self._scheduler.now + function.timeout
        context = Context(function.name, arn, request_id, lambda: end - self._scheduler.now)
        self.payloads[process.name] = payload
        printed = len(process.output.getvalue())
        running = self._scheduler.start(process, lambda: json.loads(json.dumps(handler(payload, context))))
        in_time = self._scheduler.wait(running, function.timeout)
        self.logs.write(f"/aws/lambda/{function.name}", process.name, process.output.getvalue()[printed:])
        if not in_time:
            process.alive = False
            running.kill()
            return Outcome(error=("Sandbox.Timedout", f"{request_id} timed out"))
        if isinstance(running.error, Killed) or not process.alive:
            return Outcome(error=("Runtime.ExitError", f"{request_id} died"))
        function.idle.append((process, handler))
        if running.error is not None:
            if not isinstance(running.error, Exception):
                raise running.error
            return Outcome(error=(type(running.error).__name__, str(running.error)))
        return Outcome(answer=running.result)

    def _instance(self, function: Function) -> tuple[Process, Handler]:
        if function.idle:
            drawn = fraction(self._network.troubles.seed, "instance", function.name, function.instances, self._sqs.now)
            return function.idle.pop(int(drawn * len(function.idle)) if self.any_instance else -1)
        function.instances += 1
        process = Process(f"{function.name}#{function.instances}", environment=function.environment)
        self._scheduler.sleep(0.2 + 0.6 * fraction(self._network.troubles.seed, "cold", process.name))
        return process, function.make()

    # -- mappings -----------------------------------------------------------------------------------------------------

    def map(self, mapping: EventSourceMapping) -> EventSourceMapping:
        """A mapping that is there; it polls when it is enabled."""
        self.mappings[mapping.uuid] = mapping
        for number in range(max(self.pollers, mapping.maximum_concurrency or 0)):
            self._poller(mapping, number)
        return mapping

    def _poller(self, mapping: EventSourceMapping, number: int) -> None:
        def poll() -> None:
            draws = itertools.count()

            def drawn(what: str) -> float:
                return fraction(self._network.troubles.seed, what, mapping.uuid, number, next(draws))

            patience = 1.0
            while True:
                if not mapping.enabled or mapping.state == "Disabled" or number >= self._concurrency(mapping):
                    mapping.parked.add(mapping.pollers[number])
                    self._scheduler.sleep(_UNTIL_WOKEN)
                    mapping.parked.discard(mapping.pollers[number])
                    continue
                # What a poller knows of its mapping is a moment old.
                arn = mapping.function_arn
                batch = self._sqs.receive(mapping.queue, mapping.batch_size)
                if batch and len(batch) < mapping.batch_size and mapping.window:
                    self._scheduler.sleep(mapping.window)
                    batch += self._sqs.receive(mapping.queue, mapping.batch_size - len(batch))
                if not batch:
                    # Ever longer, or an idle hour would be most of the work of a run.
                    patience = min(_LONGEST_POLL, patience * 1.5)
                    self._scheduler.sleep(patience * (0.5 + drawn("empty")))
                    continue
                patience = 1.0
                self._scheduler.sleep(0.05 * drawn("start"))
                task = self.invoke(arn, {"Records": batch})
                self._scheduler.wait(task)
                self._settle(mapping, batch, task.result, lost=drawn("delete") < self.lost_deletes)
                if task.result.error:
                    self._scheduler.sleep(1.0 + 4.0 * drawn("error"))

        mapping.pollers.append(self._scheduler.start(self._service, poll))

    def _concurrency(self, mapping: EventSourceMapping) -> int:
        return self.pollers if mapping.maximum_concurrency is None else mapping.maximum_concurrency

    def _settle(
        self, mapping: EventSourceMapping, batch: list[dict[str, Any]], outcome: Outcome, *, lost: bool
    ) -> None:
        """A partial batch response: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"""
        if outcome.error:
            return
        ids = {record["messageId"] for record in batch}
        staying = {failure["itemIdentifier"] for failure in (outcome.answer or {}).get("batchItemFailures", [])}
        if not staying <= ids:
            return  # an id that is none makes the whole batch a failed one
        handles = [record["receiptHandle"] for record in batch if record["messageId"] not in staying]
        for handle in handles:
            message = mapping.queue.messages.get(handle.partition("#")[0])
            if message is not None:
                mapping.acknowledged(message)
        if not lost:
            self._sqs.delete(mapping.queue, handles)

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def get_function_configuration(self, **params: Any) -> Any:
        function = self._function(params["FunctionName"])
        return {
            "FunctionName": function.name,
            "FunctionArn": function.arn,
            "Version": "$LATEST",
            "Timeout": int(function.timeout),
            "Environment": {"Variables": dict(function.environment)},
        }

    def create_alias(self, **params: Any) -> Any:
        function = self._function(params["FunctionName"])
        if params["Name"] in function.aliases:
            raise ServiceError("ResourceConflictException", "Alias already exists", 409)
        function.aliases[params["Name"]] = params.get("Description", "")
        return self._alias(function, params["Name"])

    def list_aliases(self, **params: Any) -> Any:
        function = self._function(params["FunctionName"])
        return {"Aliases": [self._alias(function, name) for name in sorted(function.aliases)]}

    def delete_alias(self, **params: Any) -> Any:
        function = self._function(params["FunctionName"])
        if params["Name"] not in function.aliases:
            raise ServiceError("ResourceNotFoundException", "Cannot find alias", 404)
        del function.aliases[params["Name"]]
        return {}

    def list_event_source_mappings(self, **params: Any) -> Any:
        wanted = params.get("EventSourceArn")
        found = [one for one in self.mappings.values() if wanted in (None, one.queue.arn)]
        return {"EventSourceMappings": [self._described(one) for one in found]}

    def get_event_source_mapping(self, **params: Any) -> Any:
        mapping = self._mapping(params["UUID"])
        self.seen_polling[self._network.process.name] = mapping.enabled
        return self._described(mapping)

    def update_event_source_mapping(self, **params: Any) -> Any:
        mapping = self._mapping(params["UUID"])
        if mapping.state in _CHANGING:
            raise ServiceError("ResourceInUseException", "The resource is being changed", 400)
        if "FunctionName" in params:
            function = self._function(params["FunctionName"])
            qualifier = params["FunctionName"].split(":")[7:]
            if qualifier and qualifier[0] not in function.aliases:
                raise ServiceError("ResourceNotFoundException", "Function not found", 404)
            mapping.function_arn = ":".join([function.arn, *qualifier])
        self.updates.append(dict(params))
        if "ScalingConfig" in params:
            mapping.maximum_concurrency = params["ScalingConfig"].get("MaximumConcurrency")
        enabled = params.get("Enabled", mapping.enabled)
        changed = "Updating" if enabled == mapping.enabled else "Enabling" if enabled else "Disabling"
        mapping.state = changed
        later = mapping.settled * fraction(self._network.troubles.seed, "settled", mapping.uuid, len(self.updates))

        def settle() -> None:
            mapping.enabled = enabled
            mapping.state = "Enabled" if enabled else "Disabled"

        if enabled:
            mapping.enabled = True  # it may poll while it still says Enabling
            for poller in [poller for poller in mapping.pollers if poller in mapping.parked]:
                self._scheduler.wake(poller)
        self._scheduler.start(self._service, settle, after=later)
        return self._described(mapping)

    def _function(self, name: str) -> Function:
        plain = name.split(":")[6] if name.startswith("arn:") else name.split(":")[0]
        if plain not in self.functions:
            raise ServiceError("ResourceNotFoundException", f"Function not found: {name}", 404)
        return self.functions[plain]

    def _mapping(self, uuid: str) -> EventSourceMapping:
        if uuid not in self.mappings:
            raise ServiceError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return self.mappings[uuid]

    def _alias(self, function: Function, name: str) -> dict[str, Any]:
        return {
            "Name": name,
            "AliasArn": f"{function.arn}:{name}",
            "FunctionVersion": "$LATEST",
            "Description": function.aliases[name],
        }

    def _described(self, mapping: EventSourceMapping) -> dict[str, Any]:
        found: dict[str, Any] = {
            "UUID": mapping.uuid,
            "EventSourceArn": mapping.queue.arn,
            "FunctionArn": mapping.function_arn,
            "State": mapping.state,
            "BatchSize": mapping.batch_size,
            "MaximumBatchingWindowInSeconds": int(mapping.window),
        }
        if mapping.maximum_concurrency is not None:
            found["ScalingConfig"] = {"MaximumConcurrency": mapping.maximum_concurrency}
        return found
