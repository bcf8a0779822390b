"""What the replay function says of a run: its reports, from its log in CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from event_fork.queue_replay.run_report import RunReport, read_report

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_SKEW_MS = 3_600_000
"""`began` is of the operator's clock, which may be ahead; the run's name tells its lines from others anyway."""
_LATE_MS = 120_000
"""CloudWatch Logs may show a line later than younger ones; so much older ones are looked for again each time."""


class FunctionLog:
    """The reports of one run in the function's log group, each once. `began`: not older than that."""

    def __init__(self, logs: CloudWatchLogsClient, group: str, run: str, began: datetime) -> None:
        self._logs = logs
        self._group = group
        self._run = run
        self._since = int(began.timestamp() * 1000) - _SKEW_MS
        self._seen: set[tuple[str, int, str]] = set()

    def new(self) -> list[RunReport]:
        """What was not given before. A group that is not there (yet) has none."""
        return [report for line in self._lines() if (report := read_report(line, self._run)) is not None]

    def _lines(self) -> Iterator[str]:
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._group, startTime=self._since, filterPattern=f'"{self._run}"'
        )
        newest = self._since
        try:
            for page in pages:
                for event in page["events"]:
                    newest = max(newest, event["timestamp"] - _LATE_MS)
                    # A stream is one instance's, which says one thing at a time.
                    line = (event["logStreamName"], event["timestamp"], event["message"])
                    if line not in self._seen:
                        self._seen.add(line)
                        yield event["message"]
        except self._logs.exceptions.ResourceNotFoundException:
            return
        self._since = newest
