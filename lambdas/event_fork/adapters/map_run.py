"""The Distributed Map of an execution, from Step Functions.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListMapRuns.html
"""

from typing import TYPE_CHECKING

import boto3

from event_fork.adapters.aws_calls import RETRYING_CONFIG, as_call_failed

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient


class StepFunctionsMapRun:
    """The only Map Run of one execution."""

    def __init__(self, execution: str, client: "SFNClient | None" = None) -> None:
        self._execution = execution
        self._client = client or boto3.client("stepfunctions", config=RETRYING_CONFIG)
        self._map_run: str | None = None

    def state(self) -> str | None:
        """See MapRun.state."""
        with as_call_failed():
            if self._map_run is None:
                runs = self._client.list_map_runs(executionArn=self._execution)["mapRuns"]
                self._map_run = runs[0]["mapRunArn"] if runs else None
            if self._map_run is None:
                return None
            return self._client.describe_map_run(mapRunArn=self._map_run)["status"]
