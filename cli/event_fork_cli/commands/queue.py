"""event-fork replay queue: enable, disable, status."""

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from event_fork.events.time_window import timestamp_text
from event_fork.queue_replay.window import RUN_PREFIX, ReplayWindow
from event_fork_cli.archive_replay.request import filter_of
from event_fork_cli.commands import context
from event_fork_cli.errors import BadInputError, FailedError
from event_fork_cli.moments import moment
from event_fork_cli.options import Common, FilterScope, FilterScopeOption, checked_rate, with_options
from event_fork_cli.output import plain_console, say, visible
from event_fork_cli.queue_replay.draining import Drain, drain, queue_status, switch_off
from event_fork_cli.queue_replay.pipelines import find_pipeline
from event_fork_cli.queue_replay.windows import WindowParameter
from event_fork_cli.views.queues import drain_line, queue_view, run_view

queue = typer.Typer(help="Replay from the 14-day queue of modules/replay.", no_args_is_help=True, rich_markup_mode=None)

QueueArgument = Annotated[str, typer.Argument(metavar="QUEUE", help="The replay queue: name, URL or ARN.")]


@queue.command()
@with_options
def enable(
    *,
    queue_given: QueueArgument,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Start of the window, by time of publishing; default: the oldest event."
        ),
    ] = None,
    until: Annotated[
        str,
        typer.Option(
            "--to", "--until", metavar="TIME", help="End of the window, not included. Newer events stay in the queue."
        ),
    ] = "now",
    filter_file: Annotated[
        Path | None, typer.Option("--filter", metavar="FILE", help="File with an SNS filter policy.")
    ] = None,
    filter_scope: FilterScopeOption = FilterScope.ATTRIBUTES,
    like_subscription: Annotated[
        str | None, typer.Option(metavar="ARN", help="Take filter policy and scope of an SNS subscription.")
    ] = None,
    rate: Annotated[float | None, typer.Option(metavar="N", help="At most so many events a second.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    common: Common,
) -> None:
    """Forward what is in the queue, then switch off again.

    Switches the event source mapping on, shows how the queue empties and switches it off when everything in the window
    was forwarded, and on Ctrl-C too. Events outside the window or the filter stay in the queue. Two runs at once are
    refused.
    """
    settings = common.aws
    began = context.now()
    end = moment(until, "--to", began)
    begin = None if start is None else moment(start, "--from", began)
    if begin is not None and begin >= end:
        raise BadInputError("--to", f"must be later than --from ({start})", example="--to now", received=until)
    if rate is not None:
        checked_rate("--rate", rate, example="--rate 50")
    policy = filter_of(filter_file, filter_scope.value, like_subscription, settings)
    pipeline = find_pipeline(settings, queue_given)
    window = ReplayWindow(
        start=begin,
        until=end,
        filter_policy=policy.document,
        filter_policy_scope=policy.scope,
        rate=rate,
        holder=settings.caller(),
        started_at=timestamp_text(began),
        replay_id=f"{RUN_PREFIX}{began:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
    )
    if not yes:
        waiting = pipeline.backlog().visible
        context.confirm(f"Forward what of the {waiting:,} waiting events of {pipeline.name} lies in the window?")
    console = plain_console(sys.stderr)
    with console.status(f"switching the mapping of {pipeline.name} on") as spinner:

        def show(look: Drain) -> None:
            if console.is_terminal:
                spinner.update(visible(drain_line(look)))
            else:
                say(drain_line(look))

        run = drain(
            pipeline,
            WindowParameter(settings.ssm(), pipeline.window_parameter),
            window,
            clock=context.now,
            show=show,
            say=say,
        )
    common.emit(run, lambda: run_view(run))
    left = f"{run.left:,} events are still in {run.queue}" + (f", {run.in_flight:,} in flight" if run.in_flight else "")
    if run.ended_by:
        raise FailedError(f"{run.ended_by}; {left}")
    if run.interrupted:
        raise FailedError(f"interrupted; the mapping of {run.queue} is off again and {left}")
    if run.failure:
        raise FailedError(f"{run.failure}; {left}")


@queue.command()
@with_options
def disable(
    *,
    queue_given: QueueArgument,
    common: Common,
) -> None:
    """Switch the mapping off, whoever switched it on. Also cleans up after a run that was killed."""
    settings = common.aws
    pipeline = find_pipeline(settings, queue_given)
    parameter = WindowParameter(settings.ssm(), pipeline.window_parameter)
    switch_off(pipeline, parameter)
    current = queue_status(pipeline, parameter)
    common.emit(current, lambda: queue_view(current))


@queue.command()
@with_options
def status(
    *,
    queue_given: QueueArgument,
    common: Common,
) -> None:
    """Show whether a run is active, who runs it, its window and the backlog."""
    settings = common.aws
    pipeline = find_pipeline(settings, queue_given)
    current = queue_status(pipeline, WindowParameter(settings.ssm(), pipeline.window_parameter))
    common.emit(current, lambda: queue_view(current))
