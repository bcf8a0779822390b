"""event-fork replay bootstrap."""

import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

import typer

from event_fork.archive.listing import Reach
from event_fork.events.time_window import Window, timestamp_text
from event_fork.replay_plan.plan import FIFO_SUFFIX, Plan
from event_fork_cli.archive_replay.applying import engine_of, file_of, start
from event_fork_cli.archive_replay.endurance import refuse_endless
from event_fork_cli.archive_replay.engines import ReplayEngine, engines_of, find_engines
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.request import archive_layout, check, topic_of
from event_fork_cli.archive_replay.statuses import STATE_DONE, StatusReader
from event_fork_cli.archive_replay.subscriptions import subscription_of
from event_fork_cli.archive_replay.targets import find_target
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.commands import context
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from event_fork_cli.drills.switching import proved, refuse_unfit, switch
from event_fork_cli.errors import BadInputError, FailedError, InterruptedWatchError, RefusedError
from event_fork_cli.moments import length_of_time, moment, shown_duration
from event_fork_cli.options import (
    ArchiveOption,
    Body,
    Common,
    LatenessOption,
    LayoutOption,
    PlanOptions,
    ProcessesOption,
    RateOption,
    ReplayModule,
    StartOption,
    TargetOption,
    process_count,
    with_options,
)
from event_fork_cli.output import note, plain_console, say
from event_fork_cli.search.ids import ids_by_sql
from event_fork_cli.views.drills import switched_view
from event_fork_cli.views.plans import summary
from event_fork_cli.views.replays import watch


@with_options
def bootstrap(
    *,
    archive: ArchiveOption,
    start_text: StartOption,
    target_text: TargetOption,
    cut_text: Annotated[
        str,
        typer.Option(
            "--cut", metavar="TIME", help="Older events come from the archive; the queue was subscribed before."
        ),
    ] = "now",
    settle: Annotated[
        str, typer.Option(metavar="DURATION", help="So long after the cut the archive has everything from before it.")
    ] = "20m",
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Go on although a part of the archive cannot be read.")
    ] = False,
    rate: RateOption = 100,
    lateness: LatenessOption = "1h",
    layout: LayoutOption = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    replay_name: ReplayModule = None,
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Fill a new consumer's queue from the archive, so that it goes over to live events without gap or double.

    Before: the queue is subscribed, and its consumer is off, so live events wait. Afterwards: each event is in the
    queue once, and the consumer may be switched on. What is in the plan and waits already is deleted, by ids.
    """
    settings, now, count = common.aws, context.now(), process_count(processes)
    cut = moment(cut_text, "--cut", now)
    if cut > now:
        raise BadInputError("--cut", "must not be in the future", example="--cut 30m", received=cut_text)
    ready = _ready(settings, archive, start_text, target_text, cut, layout, replay_name)
    refuse_unfit(ready.queue, settings.functions())
    _wait_until(cut + length_of_time(settle, "--settle"), cut)
    options = PlanOptions(
        archive=archive,
        start=start_text,
        end=timestamp_text(cut),
        target=ready.queue.arn,
        like_subscription=ready.subscription_arn,
        layout=layout,
        lateness=lateness,
        rate=rate,
        body=Body.ENVELOPE,
        replay=replay_name,
    )
    checked = check(options, settings, context.now(), partial(ids_by_sql, processes=count))
    for text in checked.notes:
        note(text)
    plan = context.read_archive(checked, count).plan
    if plan.totals.unreadable and not skip_unreadable:
        first = plan.totals.unreadable[0]
        raise FailedError(
            f"a part of the archive cannot be read, and the consumer would have a gap ({first.key}: {first.reason}); "
            "--skip-unreadable goes on without it"
        )
    refuse_endless(plan, checked.worker_seconds, rate="--rate", pace="--pace")
    _refuse_short_retention(ready.queue, plan)
    if not yes:
        plain_console(sys.stderr).print(summary(plan, None))
        context.confirm(f"Send {plan.totals.events:,} events to {ready.queue.arn}, and delete their doubles there?")
    engine = engine_of(plan, ready.engines, replay_name)
    executions = context.executions_for(settings, engine)
    documents = context.documents_of(settings, engine, plan.replay_id)
    store = checked.open_store()

    def begin() -> None:
        caller = plan.created_by
        start(plan, file_of(plan), None, engine, executions, documents, caller=caller, clock=context.now)

    switched = switch(plan, ready.queue, store, begin)
    say(f"started {plan.replay_id}; {switched.doubles:,} live messages were doubles and are deleted")
    _watch(StatusReader(documents, executions, engine.state_machine_arn), plan.replay_id)
    switched = proved(switched, plan, ready.queue, store)
    common.emit(switched, lambda: switched_view(switched))
    if switched.missing:
        raise FailedError(f"{switched.missing:,} events are not in the queue: somebody consumes it already")
    if switched.missing is None:
        note("there are too many messages to look at all: that each is there once, was not looked at")
    say("the consumer may be switched on")


@dataclass(frozen=True)
class _Ready:
    queue: DeadLetterQueue
    subscription_arn: str
    engines: list[ReplayEngine]


def _ready(
    settings: AwsSettings, archive: str, start_text: str, target: str, cut: datetime, layout: str, replay: str | None
) -> _Ready:
    """The queue and its subscription to the topic of the archive. Raises RefusedError when there is none that fits."""
    place = archive_location(settings.s3(), archive, settings.region_name)
    engines = engines_of(find_engines(settings.ssm(), note), place.bucket, place.prefix, replay)
    found = find_target(target, [one for engine in engines for one in engine.targets], settings)
    if found.arn.endswith(FIFO_SUFFIX):
        rule = "must be a standard queue: what waits in a FIFO queue would come before what is older"
        raise BadInputError("--target", rule, example="--target loyalty", received=target)
    store = OpenArchive(settings, place.bucket, place.region)()
    begin = moment(start_text, "--from", context.now())
    if begin >= cut:
        rule = f"must be earlier than --cut ({timestamp_text(cut)})"
        raise BadInputError("--from", rule, example="--from 90d", received=start_text)
    reach = Reach(
        place.prefix, Window(begin, cut), timedelta(hours=1), context.now(), archive_layout(layout, store, place)
    )
    topic = topic_of(store, reach)
    if topic is None:
        raise RefusedError(
            f"no event of s3://{place.bucket}/{place.prefix} tells the topic that {found.name} must have"
        )
    subscription = subscription_of(settings.sns(topic.split(":")[3]), topic, found.arn)
    if subscription is None:
        raise RefusedError(
            f"{found.arn} has no subscription to {topic} that can be seen: subscribe it first, its live events must "
            "wait in it"
        )
    if subscription.raw:
        raise RefusedError(
            f"the subscription of {found.name} is raw, and raw messages have no ids: set RawMessageDelivery to false, "
            "or make the consumer idempotent and use `replay plan`"
        )
    queue = DeadLetterQueue(found.url, found.arn, settings.sqs(found.arn.split(":")[3]))
    return _Ready(queue, subscription.arn, engines)


def _refuse_short_retention(queue: DeadLetterQueue, plan: Plan) -> None:
    kept = timedelta(seconds=queue.retention_seconds())
    needed = timedelta(minutes=plan.estimate.minutes)
    if needed * 2 > kept:
        raise RefusedError(
            f"{queue.arn} keeps messages for {shown_duration(kept)}, and the replay takes about "
            f"{shown_duration(needed)}: raise its MessageRetentionPeriod to more than twice that"
        )


def _wait_until(moment_: datetime, cut: datetime) -> None:
    left = (moment_ - context.now()).total_seconds()
    if left > 0:
        say(
            f"waiting {shown_duration(timedelta(seconds=left))} until the archive has what was published before the cut"
        )
    try:
        while (left := (moment_ - context.now()).total_seconds()) > 0:
            time.sleep(min(left, 5.0))
    except KeyboardInterrupt:
        again = f"to go on: the same with --cut {timestamp_text(cut)}"
        raise InterruptedWatchError(f"interrupted before anything was done; {again}") from None


def _watch(reader: StatusReader, replay_id: str) -> None:
    try:
        status = watch(reader, plain_console(sys.stderr))
    except KeyboardInterrupt:
        raise InterruptedWatchError(
            f"interrupted; the replay goes on in AWS: event-fork replay status {replay_id} --watch. "
            "When it is done, the consumer may be switched on; second copies were not looked for"
        ) from None
    if status.state != STATE_DONE:
        raise FailedError(
            f"{replay_id} is {status.state}: {status.left + status.failed:,} events were not sent; leave the consumer "
            f"off, and go on with: event-fork replay resume {replay_id}"
        )
