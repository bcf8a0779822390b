"""event-fork replay drill."""

from functools import partial
from typing import Annotated

import typer

from event_fork_cli.archive_replay.applying import engine_of
from event_fork_cli.archive_replay.endurance import refuse_endless
from event_fork_cli.archive_replay.engines import engines_of, find_engines
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.request import check
from event_fork_cli.archive_replay.steering import Helm
from event_fork_cli.archive_replay.targets import find_shadow
from event_fork_cli.commands import context
from event_fork_cli.commands.repairs import counting
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from event_fork_cli.drills.drilling import Drill, Stage, refuse_used, run_drill, unread_drill
from event_fork_cli.errors import FailedError, NothingReadableError
from event_fork_cli.moments import length_of_time
from event_fork_cli.options import (
    ArchiveOption,
    Body,
    Common,
    EndOption,
    LatenessOption,
    LayoutOption,
    PlanOptions,
    ProcessesOption,
    RateOption,
    RawOption,
    ReplayModule,
    StartOption,
    process_count,
    with_options,
)
from event_fork_cli.output import note, say
from event_fork_cli.queue_replay.interruption import Stop
from event_fork_cli.search.ids import ids_by_sql
from event_fork_cli.views.drills import drill_view

ShadowOption = Annotated[
    str | None,
    typer.Option("--target", metavar="QUEUE", help="Shadow queue: name, URL or ARN; default: the module's only one."),
]


@with_options
def drill(
    *,
    archive: ArchiveOption,
    start: StartOption = "1h",
    end: EndOption = "now",
    shadow: ShadowOption = None,
    rate: RateOption = 1000,
    within: Annotated[
        str, typer.Option(metavar="DURATION", help="After so long the replay is cancelled, and the drill has failed.")
    ] = "2h",
    layout: LayoutOption = "auto",
    raw: RawOption = False,
    lateness: LatenessOption = "1h",
    replay_name: ReplayModule = None,
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Prove that a window of the archive comes back: replay it into a shadow queue, and count by ids what arrives.

    Takes its own copies out of the queue again, and says how long it took and what would be lost. Exit code 0: every
    event came back. 1: the drill failed. 3: the window is empty.
    """
    settings, began, count = common.aws, context.now(), process_count(processes)
    seconds = length_of_time(within, "--within").total_seconds()
    place = archive_location(settings.s3(), archive, settings.region_name)
    engines = engines_of(find_engines(settings.ssm(), note), place.bucket, place.prefix, replay_name)
    target = find_shadow(shadow, engines)
    queue = DeadLetterQueue(target.url, target.arn, settings.sqs(target.arn.split(":")[3]))
    refuse_used(queue)
    options = PlanOptions(
        archive=archive,
        start=start,
        end=end,
        target=target.arn,
        layout=layout,
        raw=raw,
        lateness=lateness,
        rate=rate,
        body=Body.RAW if raw else Body.ENVELOPE,
        replay=replay_name,
    )
    checked = check(options, settings, began, partial(ids_by_sql, processes=count))
    for text in checked.notes:
        note(text)
    try:
        plan = context.read_archive(checked, count).plan
    except NothingReadableError as error:
        _end(common, unread_drill(checked.request, str(error), began=began, now=context.now()))
    refuse_endless(plan, checked.worker_seconds, rate="--rate", pace="--pace")
    engine = engine_of(plan, engines, replay_name)
    documents = context.documents_of(settings, engine, plan.replay_id)
    helm = Helm(documents, context.executions_for(settings, engine), engine, plan.created_by)
    say(f"drill {plan.replay_id}: {plan.totals.events:,} events into {target.name}")
    with Stop(say) as stop, counting(f"of {plan.totals.events:,} came", plan.totals.events) as show:
        stage = Stage(helm, queue, checked.open_store(), lambda: stop.asked, show, context.now)
        found = run_drill(plan, stage, began=began, seconds=seconds)
    _end(common, found)


def _end(common: Common, found: Drill) -> None:
    common.emit(found, lambda: drill_view(found))
    if not found.passed:
        raise FailedError(f"the drill failed: {'; '.join(found.reasons)}")
