"""CloudWatch metrics of namespace AWS/Firehose, gathered in memory and put once a minute as statistic sets.

Source: developer guide "Monitor with CloudWatch metrics"; notes "6. Metrics and error logs".
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.streams.stream import Stream

NAMESPACE = "AWS/Firehose"
PERIOD_SECONDS = 60.0
_BATCH = 150  # metric data per PutMetricData call; the limit is 1,000
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Statistic:
    """A statistic set of one metric."""

    unit: str
    total: float = 0.0
    count: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, value: float, times: int) -> None:
        self.total += value * times
        self.count += times
        self.least = min(self.least, value)
        self.most = max(self.most, value)


@dataclass(slots=True)
class Metrics:
    """Gathers values per account, region and stream; ``run`` publishes them."""

    aws: Aws
    clock: Clock
    publish: bool = True
    _gathered: dict[tuple[str, str], dict[tuple[str, str], Statistic]] = field(default_factory=dict)
    _complained: bool = False
    _flushing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add(self, stream: Stream, name: str, value: float, unit: str, times: int = 1) -> None:
        """``times`` values of ``value`` for one metric of a stream."""
        self.add_for(stream.account, stream.region, stream.name, name, value, unit, times)

    def add_for(
        self, account: str, region: str, stream: str, name: str, value: float, unit: str, times: int = 1
    ) -> None:
        """The same by names; an empty stream name is for metrics without a stream."""
        if not self.publish or times == 0:
            return
        metrics = self._gathered.setdefault((account, region), {})
        metrics.setdefault((stream, name), Statistic(unit)).add(value, times)

    async def run(self, gauges: Callable[[], None]) -> None:
        """Publish once a minute, for ever; ``gauges`` adds what is true at that moment."""
        while True:
            await self.clock.sleep(PERIOD_SECONDS)
            gauges()
            await self.flush()

    async def flush(self) -> None:
        """Put what is gathered; returns when it, and what a flush before it put, is there."""
        async with self._flushing:
            gathered, self._gathered = self._gathered, {}
            now = datetime.fromtimestamp(self.clock.now(), UTC)
            for (account, region), metrics in gathered.items():
                data = [_datum(stream, name, statistic, now) for (stream, name), statistic in metrics.items()]
                for start in range(0, len(data), _BATCH):
                    await self._put(account, region, data[start : start + _BATCH])

    async def _put(self, account: str, region: str, data: list[dict[str, Any]]) -> None:
        client = self.aws.client("cloudwatch", account, region)
        try:
            await self.aws.call(client.put_metric_data, Namespace=NAMESPACE, MetricData=data)
        except (BotoCoreError, ClientError) as error:
            if not self._complained:
                log.warning("metrics cannot be put (said once): %s", error)
                self._complained = True


def _datum(stream: str, name: str, statistic: Statistic, now: datetime) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": [{"Name": "DeliveryStreamName", "Value": stream}] if stream else [],
        "Timestamp": now,
        "Unit": statistic.unit,
        "StatisticValues": {
            "Sum": statistic.total,
            "SampleCount": statistic.count,
            "Minimum": statistic.least,
            "Maximum": statistic.most,
        },
    }
