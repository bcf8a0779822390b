"""Error events for the log group and stream of CloudWatchLoggingOptions.

Source: developer guide "Monitor with CloudWatch Logs"; the shape of an event was observed (notes 6): the version id
is a JSON string for S3 diagnostics and a number elsewhere.
"""

import asyncio
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.destinations.settings import Logging
from local_firehose.streams.stream import Stream

log = logging.getLogger(__name__)
_MOST_UNDER_WAY = 4  # calls of one stream; they share their threads with deliveries, which must not wait for them
_MOST_PER_SECOND = 20  # events per stream and second; more are sampled away, as Firehose does at high failure rates


def event(
    stream: Stream, *, destination: str, code: str, message: str, processor: str = "", s3: bool = False
) -> dict[str, Any]:
    """One error event."""
    return {
        "deliveryStreamARN": stream.arn,
        "destination": destination,
        "deliveryStreamVersionId": str(stream.version) if s3 else stream.version,
        "message": message,
        "errorCode": code,
        **({"processor": processor} if processor else {}),
    }


@dataclass(slots=True)
class ErrorLog:
    """Puts events one call at a time per log stream, in the background: an error log never holds delivery up."""

    aws: Aws
    clock: Clock
    publish: bool = True
    _tasks: dict[asyncio.Task[None], str] = field(default_factory=dict)  # to the stream of each
    _window: dict[str, tuple[int, int]] = field(default_factory=dict)

    def write(self, stream: Stream, where: Logging, body: dict[str, Any]) -> None:
        """Send one event unless logging is off for the stream."""
        if self._sampled_away(stream):
            return
        log.warning("%s: %s %s", stream.name, body["errorCode"], body["message"])
        under_way = sum(key == stream.key for key in self._tasks.values())
        if not self.publish or not where.group or under_way >= _MOST_UNDER_WAY:
            return
        task = asyncio.create_task(self._put(stream, where, self.clock.now_ms(), json.dumps(body)))
        self._tasks[task] = stream.key
        task.add_done_callback(self._tasks.pop)

    async def close(self) -> None:
        """Wait for events under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _sampled_away(self, stream: Stream) -> bool:
        second = int(self.clock.elapsed())
        since, count = self._window.get(stream.key, (second, 0))
        count = count + 1 if since == second else 1
        self._window[stream.key] = (second, count)
        return count > _MOST_PER_SECOND

    async def _put(self, stream: Stream, where: Logging, timestamp: int, message: str) -> None:
        client = self.aws.client("logs", stream.account, stream.region, where.role)
        try:
            await self.aws.call(
                client.put_log_events,
                logGroupName=where.group,
                logStreamName=where.stream,
                logEvents=[{"timestamp": timestamp, "message": message}],
            )
        except (BotoCoreError, ClientError) as error:
            log.warning("%s: the error log %s:%s cannot be written: %s", stream.name, where.group, where.stream, error)
