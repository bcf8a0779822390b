"""Step Functions as far as a replay needs it: names are used once, map runs count, and workers work when told to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from event_fork_cli.archive_replay.executions import Execution, ExecutionExistsError, MapRun, execution_arn


@dataclass
class FakeExecutions:
    """See event_fork_cli.archive_replay.executions.Executions. `on_start` is called with each execution's input."""

    executions: dict[str, Execution] = field(default_factory=dict)
    inputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    runs: dict[str, MapRun] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    on_start: Callable[[Mapping[str, Any]], None] = lambda _: None

    def start(self, state_machine_arn: str, name: str, given: Mapping[str, Any]) -> str:
        """As StartExecution of a standard workflow: same name and input while it runs is no error."""
        arn = execution_arn(state_machine_arn, name)
        if arn in self.executions:
            if self.executions[arn].status == "RUNNING" and self.inputs[arn] == given:
                return arn
            raise ExecutionExistsError(name)
        sha256 = given.get("plan_sha256")
        self.executions[arn] = Execution(arn, name, "RUNNING", datetime.now(UTC), plan_sha256=sha256)
        self.inputs[arn] = dict(given)
        self.runs[arn] = MapRun(f"{arn}/map", int(given["workers"]), {"running": 1})
        self.on_start(given)
        return arn

    def describe(self, state_machine_arn: str, name: str) -> Execution | None:
        """See Executions."""
        return self.executions.get(execution_arn(state_machine_arn, name))

    def stop(self, execution_arn: str, cause: str) -> None:
        """See Executions."""
        self.stopped[execution_arn] = cause
        self.end(execution_arn, "ABORTED", cause)

    def map_runs(self, execution_arn: str) -> list[MapRun]:
        """See Executions."""
        return [self.runs[execution_arn]]

    def end(self, execution_arn: str, status: str = "SUCCEEDED", cause: str | None = None) -> None:
        """The execution ends."""
        found = self.executions[execution_arn]
        self.executions[execution_arn] = replace(found, status=status, stopped=datetime.now(UTC), cause=cause)

    @property
    def names(self) -> list[str]:
        """The names of all executions, in the order of their start."""
        return [execution.name for execution in self.executions.values()]
