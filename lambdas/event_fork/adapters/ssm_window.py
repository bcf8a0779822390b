"""The replay window in Parameter Store.

Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3

from event_fork.adapters.aws_calls import RETRYING_CONFIG, as_call_failed
from event_fork.errors import CallFailedError

if TYPE_CHECKING:
    from mypy_boto3_ssm.client import SSMClient

MAX_AGE_SECONDS = 5.0
MAX_STALE_SECONDS = 60.0
"""Parameter Store answers 40 requests a second for a whole account: while it throttles, an old text will do. Whether an
old text may be obeyed is not decided here but by queue_replay.window.window_of, which compares."""


class SsmParameter:
    """One parameter's text."""

    def __init__(
        self, name: str, client: "SSMClient | None" = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._client = client or boto3.client("ssm", config=RETRYING_CONFIG)
        self._clock = clock
        self._text: str | None = None
        self._read_at = 0.0

    def text(self) -> str:
        """At most 5 seconds old, or 60 while it cannot be read. Raises CallFailedError."""
        age = self._clock() - self._read_at
        if self._text is not None and age < MAX_AGE_SECONDS:
            return self._text
        try:
            return self.read()
        except CallFailedError as error:
            if self._text is None or not error.transient or age >= MAX_STALE_SECONDS:
                raise
            return self._text

    def read(self) -> str:
        """As it is now. Raises CallFailedError."""
        with as_call_failed():
            self._text = self._client.get_parameter(Name=self._name)["Parameter"]["Value"]
        self._read_at = self._clock()
        return self._text
