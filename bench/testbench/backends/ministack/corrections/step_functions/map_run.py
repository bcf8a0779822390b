"""One Map Run: starts children as the concurrency allows, counts them, ends early when it must.

The record is the dict that the emulator's ListMapRuns, DescribeMapRun and UpdateMapRun read and write; maxConcurrency
and the tolerated failures are read from it anew each time, so UpdateMapRun changes a run that is under way.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

UNLIMITED = 0
MOST_AT_ONCE = 1_000
"""Of one run with unlimited concurrency. AWS allows 10,000; a child here is a thread."""
_POLL_SECONDS = 0.1
"""How soon UpdateMapRun and StopExecution are seen."""
_COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
_MORE_COUNTS = ("failuresNotRedrivable", "pendingRedrive")


def zero_counts(total: int) -> dict[str, int]:
    """itemCounts or executionCounts of a run that begins."""
    return dict.fromkeys(_COUNTS + _MORE_COUNTS, 0) | {"total": total, "pending": total}


@dataclass
class Child:
    """A child workflow execution. `record` is None until it is started; then it is the emulator's execution."""

    input: Any
    items: int
    record: dict[str, Any] | None = None
    output: Any = None
    state: str = field(default="pending")


class MapRun:
    """`start` makes a child's record, `work` runs it and returns its output or raises."""

    def __init__(
        self,
        record: dict[str, Any],
        children: Sequence[Child],
        *,
        start: Callable[[Child], None],
        work: Callable[[Child], Any],
        failed: Callable[[Child, Exception], None],
        succeeded: Callable[[Child], None],
        stopped: Callable[[], bool],
        limits_set: frozenset[str],
    ) -> None:
        self.record = record
        self.children = children
        self._start = start
        self._work = work
        self._failed = failed
        self._succeeded = succeeded
        self._stopped = stopped
        self._limits_set = limits_set
        self._changed = threading.Condition()
        self._pending = deque(children)
        self._running: list[Child] = []

    def run(self) -> str:
        """Run all children; SUCCEEDED, FAILED (more failures than tolerated) or ABORTED (the execution was stopped).

        Returns without waiting for children that were under way when it ended early: their function calls go on, as
        on AWS, but what they return is not counted any more.
        """
        with self._changed:
            while self._pending or self._running:
                if self._stopped():
                    return self._end("ABORTED")
                if self._too_many_failed():
                    return self._end("FAILED")
                while self._pending and len(self._running) < self._allowed():
                    self._begin(self._pending.popleft())
                self._changed.wait(_POLL_SECONDS)
            return self._end("FAILED" if self._too_many_failed() else "SUCCEEDED")

    def _allowed(self) -> int:
        limit = int(self.record["maxConcurrency"])
        return MOST_AT_ONCE if limit == UNLIMITED else limit

    def _begin(self, child: Child) -> None:
        self._start(child)
        self._count(child, "running")
        self._running.append(child)
        # A copy for each thread: account and region of the execution are context variables.
        threading.Thread(target=contextvars.copy_context().run, args=(self._one, child), daemon=True).start()

    def _one(self, child: Child) -> None:
        try:
            output = self._work(child)
        except Exception as error:  # whatever ends a child is its failure, never the run's
            self._done(child, "failed", partial(self._failed, child, error))
            return
        child.output = output
        self._done(child, "succeeded", partial(self._succeeded, child))

    def _done(self, child: Child, outcome: str, note: Callable[[], None]) -> None:
        with self._changed:
            if child.state != "running":
                return  # aborted meanwhile
            note()
            self._count(child, outcome)
            self._running.remove(child)
            self._changed.notify()

    def _end(self, status: str) -> str:
        for child in [*self._running, *self._pending]:
            self._count(child, "aborted")
        self.record["status"] = status
        return status

    def _count(self, child: Child, state: str) -> None:
        for counts, weight in ((self.record["itemCounts"], child.items), (self.record["executionCounts"], 1)):
            counts[child.state] -= weight
            counts[state] += weight
        child.state = state

    def _too_many_failed(self) -> bool:
        failed = self.record["itemCounts"]["failed"]
        if not failed:
            return False
        if not self._limits_set:
            return True
        by_count = failed > self.record["toleratedFailureCount"]
        by_percentage = failed * 100 > self.record["toleratedFailurePercentage"] * self.record["itemCounts"]["total"]
        return ("count" in self._limits_set and by_count) or ("percentage" in self._limits_set and by_percentage)
