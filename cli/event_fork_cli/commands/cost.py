"""event-fork cost."""

from datetime import timedelta
from typing import Annotated

import typer

from event_fork.events.time_window import Window
from event_fork_cli.commands.context import now
from event_fork_cli.costs.ways import SECONDS, Workload, ways
from event_fork_cli.errors import BadInputError, NothingMatchedError
from event_fork_cli.options import Common, with_options
from event_fork_cli.reports.metrics import Metric, hourly
from event_fork_cli.views.costs import bill, bill_view, rows

_MOST_EVENTS, _MOST_BYTES = 10**12, 1_048_576
_DAYS = 30


@with_options
def cost(
    *,
    events_per_month: Annotated[
        int | None, typer.Option("--events-per-month", metavar="N", help="Events of a month of 730 hours.")
    ] = None,
    size: Annotated[int | None, typer.Option(metavar="BYTES", help="Bytes of a published message.")] = None,
    from_metrics: Annotated[
        str | None,
        typer.Option("--from-metrics", metavar="TOPIC", help="Take both from what this topic had in the last 30 days."),
    ] = None,
    common: Common,
) -> None:
    """Say what a month of events costs on each way: queue or direct, search, replay.

    Dollars are AWS's list prices in us-east-1 and computed, not read from a bill. Events are taken to come evenly.
    """
    if from_metrics is None:
        load = Workload(
            _checked("--events-per-month", events_per_month, _MOST_EVENTS, example="--events-per-month 1000000"),
            _checked("--size", size, _MOST_BYTES, example="--size 1000"),
        )
    elif events_per_month is None and size is None:
        load = _measured(common, from_metrics)
    else:
        rule = "goes without --events-per-month and --size, which it finds itself"
        raise BadInputError("--from-metrics", rule, example="--from-metrics ARN", received=from_metrics)
    found = ways(load)
    common.emit(bill(load, found), lambda: bill_view(load, found), rows(found))


def _checked(option: str, value: int | None, most: int, *, example: str) -> int:
    if value is None or not 1 <= value <= most:
        raise BadInputError(option, f"must be a whole number, 1 to {most:,}", example=example, received=value)
    return value


def _measured(common: Common, topic: str) -> Workload:
    parts = topic.split(":")
    if not (topic.startswith("arn:") and len(parts) == 6 and parts[2] == "sns"):
        example = "--from-metrics arn:aws:sns:eu-west-1:123456789012:orders"
        raise BadInputError("--from-metrics", "must be the ARN of an SNS topic", example=example, received=topic)
    published, size = (
        Metric("AWS/SNS", name, "TopicName", parts[5]) for name in ("NumberOfMessagesPublished", "PublishSize")
    )
    end = now()
    window = Window(end - timedelta(days=_DAYS), end)
    found = hourly(common.aws.cloudwatch(parts[3]), (published, size), window)
    events, total = (sum(found[metric].values()) for metric in (published, size))
    if not events:
        raise NothingMatchedError(f"CloudWatch knows of no message published to {topic} in the last {_DAYS} days")
    month = SECONDS / timedelta(days=_DAYS).total_seconds()
    return Workload(max(1, round(events * month)), max(1, round(total / events)))
