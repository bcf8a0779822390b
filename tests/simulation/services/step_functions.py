"""Step Functions: the states that the module uses, with its own retriers, and a Distributed Map over objects in S3.

Amazon States Language: https://states-language.net/spec.html. A state or field that is not here is an error, so that a
definition that grows is noticed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.simulation.clients import ACCOUNT, REGION, Network, ServiceError
from tests.simulation.scheduler import EPOCH, Process, Task
from tests.simulation.services.functions import Functions, Outcome
from tests.simulation.services.s3 import S3
from tests.simulation.troubles import fraction

_FORMAT = re.compile(r"States\.Format\('([^']*)', (.+)\)")
_FOREVER = 1e9


class StateFailedError(Exception):
    """A state failed, and no retrier helped."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass(eq=False)
class MapRun:
    """A Distributed Map that runs."""

    arn: str
    max_concurrency: int
    status: str = "RUNNING"
    counts: Counter[str] = field(default_factory=Counter)
    dispatcher: Task | None = None


@dataclass(eq=False)
class Execution:
    """One execution."""

    arn: str
    name: str
    given: dict[str, Any]
    started: float
    status: str = "RUNNING"
    stopped: float | None = None
    failure: tuple[str, str] | None = None
    tasks: list[Task] = field(default_factory=list)
    map_run: MapRun | None = None


class StepFunctions:
    """One account's state machines. `lost_contact`: the share of invocations that it loses sight of and tries again."""

    def __init__(self, network: Network, functions: Functions, s3: S3) -> None:
        self._network = network
        self._scheduler = network.scheduler
        self._functions = functions
        self._s3 = s3
        self._service = Process("states", ours=True)
        self._draws = 0
        self.machines: dict[str, dict[str, Any]] = {}
        self.executions: dict[str, Execution] = {}
        self.lost_contact = 0.0
        self.retries: Counter[str] = Counter()

    def add(self, name: str, definition: dict[str, Any]) -> str:
        """A state machine; its ARN."""
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
        self.machines[arn] = definition
        return arn

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the last part of what is asked for."""
        given = next((params[name] for name in ("executionArn", "mapRunArn", "stateMachineArn") if name in params), "")
        return str(given).rpartition(":")[2]

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def start_execution(self, **params: Any) -> Any:
        machine, name = params["stateMachineArn"], params["name"]
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        given = json.loads(params["input"])
        found = self.executions.get(arn)
        if found is not None:
            if found.status != "RUNNING" or found.given != given:
                raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            return {"executionArn": arn, "startDate": _moment(found.started)}
        execution = Execution(arn, name, given, self._scheduler.now)
        self.executions[arn] = execution
        self._start(execution, lambda: self._whole(execution, self.machines[machine]))
        return {"executionArn": arn, "startDate": _moment(execution.started)}

    def describe_execution(self, **params: Any) -> Any:
        execution = self._execution(params["executionArn"])
        answer = {
            "executionArn": execution.arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": _moment(execution.started),
            "input": json.dumps(execution.given),
        }
        if execution.stopped is not None:
            answer["stopDate"] = _moment(execution.stopped)
        if execution.failure is not None:
            answer["error"], answer["cause"] = execution.failure
        return answer

    def stop_execution(self, **params: Any) -> Any:
        execution = self._execution(params["executionArn"])
        if execution.status == "RUNNING":
            self._end(execution, "ABORTED", (params.get("error", ""), params.get("cause", "")))
        return {"stopDate": _moment(execution.stopped or 0.0)}

    def list_map_runs(self, **params: Any) -> Any:
        execution = self._execution(params["executionArn"])
        return {"mapRuns": [{"mapRunArn": execution.map_run.arn}] if execution.map_run else []}

    def describe_map_run(self, **params: Any) -> Any:
        run = self._map_run(params["mapRunArn"])
        names = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
        return {
            "mapRunArn": run.arn,
            "status": run.status,
            "maxConcurrency": run.max_concurrency,
            "itemCounts": {name: run.counts[name] for name in names},
        }

    def _execution(self, arn: str) -> Execution:
        if arn not in self.executions:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self.executions[arn]

    def _map_run(self, arn: str) -> MapRun:
        for execution in self.executions.values():
            if execution.map_run is not None and execution.map_run.arn == arn:
                return execution.map_run
        raise ServiceError("ResourceNotFound", arn)

    # -- running ------------------------------------------------------------------------------------------------------

    def _start(self, execution: Execution, work: Any) -> Task:
        task = self._scheduler.start(self._service, work)
        execution.tasks.append(task)
        return task

    def _end(self, execution: Execution, status: str, failure: tuple[str, str] | None) -> None:
        execution.status, execution.stopped, execution.failure = status, self._scheduler.now, failure
        if execution.map_run is not None and execution.map_run.status == "RUNNING":
            execution.map_run.status = "SUCCEEDED" if status == "SUCCEEDED" else "ABORTED"
        for task in execution.tasks:
            if task is not self._scheduler.current:
                task.kill()

    def _whole(self, execution: Execution, machine: dict[str, Any]) -> None:
        try:
            self._states(execution, machine, execution.given)
        except StateFailedError as error:
            self._end(execution, "FAILED", (error.error, error.cause))
            return
        self._end(execution, "SUCCEEDED", None)

    def _states(self, execution: Execution, machine: dict[str, Any], data: Any) -> Any:
        name = machine["StartAt"]
        while True:
            state = machine["States"][name]
            data, following = getattr(self, f"_{state['Type'].lower()}")(execution, state, data)
            if following is None:
                return data
            name = following

    def _pass(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        return self._filled(execution, state["Parameters"], data), state.get("Next")

    def _wait(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        self._scheduler.sleep(float(state["Seconds"]))
        return data, state.get("Next")

    def _succeed(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        return data, None

    def _choice(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        for choice in state["Choices"]:
            if self._at(execution, choice["Variable"], data) == choice["BooleanEquals"]:
                return data, choice["Next"]
        return data, state["Default"]

    def _parallel(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        def branch(machine: dict[str, Any]) -> Any:
            def work() -> Any:
                try:
                    return self._states(execution, machine, data)
                except StateFailedError as error:
                    return error

            return work

        tasks = [self._start(execution, branch(machine)) for machine in state["Branches"]]
        left = list(tasks)
        while left:
            self._any(left)
            for task in [task for task in left if task.done]:
                left.remove(task)
                if isinstance(task.result, StateFailedError):
                    raise task.result
        return [task.result for task in tasks], state.get("Next")

    def _any(self, tasks: list[Task]) -> None:
        """Wait until one of the tasks is done."""
        current = self._scheduler.current
        if current is None or any(task.done for task in tasks):
            return
        for task in tasks:
            task.waiting.append(current)
        self._scheduler.sleep(_FOREVER)
        for task in tasks:
            if current in task.waiting:
                task.waiting.remove(current)

    def _task(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        asked = self._filled(execution, state["Parameters"], data)
        tried: Counter[int] = Counter()
        while True:
            outcome = self._invoked(asked["FunctionName"], asked["Payload"], float(state["TimeoutSeconds"]))
            if outcome.error is None:
                break
            self._scheduler.sleep(self._pause(state.get("Retry", []), outcome.error, tried))
        result: Any = {"Payload": outcome.answer, "StatusCode": 200}
        if "ResultSelector" in state:
            result = self._filled(execution, state["ResultSelector"], result)
        if "ResultPath" in state:
            result = data | {state["ResultPath"].removeprefix("$."): result}
        return self._at(execution, state.get("OutputPath", "$"), result), state.get("Next")

    def _invoked(self, arn: str, payload: Any, seconds: float) -> Outcome:
        task = self._functions.invoke(arn, payload)
        if self._drawn("contact") < self.lost_contact:
            self._scheduler.wait(task, 1.0 + 20.0 * self._drawn("how long"))
            return Outcome(error=("Lambda.SdkClientException", "contact lost: the function may go on"))
        if not self._scheduler.wait(task, seconds):
            return Outcome(error=("States.Timeout", ""))
        outcome: Outcome = task.result
        return outcome

    def _pause(self, retriers: list[dict[str, Any]], error: tuple[str, str], tried: Counter[int]) -> float:
        """Seconds until the next attempt. Raises StateFailedError when no retrier allows one more."""
        for number, retrier in enumerate(retriers):
            if not {error[0], "States.ALL"} & set(retrier["ErrorEquals"]):
                continue
            if tried[number] >= retrier.get("MaxAttempts", 3):
                break
            pause = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** tried[number]
            pause = min(pause, retrier.get("MaxDelaySeconds", _FOREVER))
            tried[number] += 1
            self.retries[error[0]] += 1
            return float(pause * self._drawn("jitter") if retrier.get("JitterStrategy") == "FULL" else pause)
        raise StateFailedError(*error)

    def _map(self, execution: Execution, state: dict[str, Any], data: Any) -> tuple[Any, str | None]:
        self._scheduler.sleep(0.5 + 2.0 * self._drawn("map"))
        reader = self._filled(execution, state["ItemReader"]["Parameters"], data)
        content = self._s3.current(reader["Bucket"], reader["Key"])
        if content is None:
            raise StateFailedError("States.ItemReaderFailed", reader["Key"])
        items = [json.loads(line) for line in content.splitlines() if line]
        batcher = state["ItemBatcher"]
        size = batcher["MaxItemsPerBatch"]
        shared = self._filled(execution, batcher["BatchInput"], data)
        batches = [items[place : place + size] for place in range(0, len(items), size)]
        run = MapRun(f"{execution.arn}/{state['Label']}:run", self._at(execution, state["MaxConcurrencyPath"], data))
        run.dispatcher = self._scheduler.current
        run.counts.update({"total": len(items), "pending": len(items)})
        execution.map_run = run
        running: list[Task] = []
        while batches or running:
            while batches and (run.max_concurrency == 0 or len(running) < run.max_concurrency):
                batch = batches.pop(0)
                running.append(self._start(execution, self._child(execution, state, run, shared, batch)))
            self._any(running)
            running = [task for task in running if not task.done]
        run.status = "SUCCEEDED"  # whatever failed: ToleratedFailurePercentage is 100
        if state["ToleratedFailurePercentage"] != 100:
            raise NotImplementedError("only maps that tolerate every failure are simulated")
        return {}, state.get("Next")

    def _child(self, execution: Execution, state: dict[str, Any], run: MapRun, shared: Any, batch: list[Any]) -> Any:
        def work() -> None:
            run.counts.update({"pending": -len(batch), "running": len(batch)})
            self._scheduler.sleep(0.05 + 0.4 * self._drawn("child"))
            ended = "succeeded"
            try:
                self._states(execution, state["ItemProcessor"], {"BatchInput": shared, "Items": batch})
            except StateFailedError:
                ended = "failed"
            run.counts.update({"running": -len(batch), ended: len(batch)})

        return work

    # -- paths --------------------------------------------------------------------------------------------------------

    def _filled(self, execution: Execution, template: Any, data: Any) -> Any:
        """Parameters: a field whose name ends in .$ has a path or an intrinsic function for its value."""
        if isinstance(template, dict):
            return {
                name.removesuffix(".$"): self._at(execution, value, data)
                if name.endswith(".$")
                else self._filled(execution, value, data)
                for name, value in template.items()
            }
        return template

    def _at(self, execution: Execution, path: str, data: Any) -> Any:
        if match := _FORMAT.fullmatch(path):
            return match[1].replace("{}", str(self._at(execution, match[2], data)), 1)
        if path.startswith("$$"):
            data = {
                "Execution": {
                    "Id": execution.arn,
                    "Name": execution.name,
                    "StartTime": _moment(execution.started).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "Input": execution.given,
                }
            }
            path = path[1:]
        for step in path.split(".")[1:]:
            if not isinstance(data, dict) or step not in data:
                raise StateFailedError("States.Runtime", f"the path {path} is not in the input")
            data = data[step]
        return data

    def _drawn(self, what: str) -> float:
        self._draws += 1
        return fraction(self._network.troubles.seed, "states", what, self._draws)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(EPOCH + seconds, UTC)
