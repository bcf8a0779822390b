"""event-fork dead-letters: list, show, redrive, purge, history."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from event_fork.adapters.sqs import SqsQueue
from event_fork.sending.pacing import Pacer
from event_fork_cli.archive_replay.targets import find_queue
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import context
from event_fork_cli.commands.repairs import (
    Execute,
    ForkArgument,
    GroupArgument,
    SaveOption,
    SetOption,
    chosen_text,
    counting,
    end_of,
    group_of,
    note_in_history,
    recipe_of,
    show_history,
)
from event_fork_cli.dead_letters.letters import COMES_BACK, Letter, edited
from event_fork_cli.dead_letters.looking import MOST, DeadLetterQueue, Looking, hold_seconds
from event_fork_cli.dead_letters.sending import Deed, Done, NotEditableError, as_it_is, do_to, keeper, sender
from event_fork_cli.errors import BadInputError, NothingMatchedError, RefusedError
from event_fork_cli.options import Common, checked_rate, with_options
from event_fork_cli.output import note, say
from event_fork_cli.queue_replay.interruption import Interruption, Stop
from event_fork_cli.rejected.exact_json import read, write
from event_fork_cli.rejected.recipes import NotRepairableError
from event_fork_cli.repairs.criteria import Criteria, CriteriaOptions, criteria
from event_fork_cli.repairs.forks import Fork, find_fork
from event_fork_cli.repairs.frozen import default_path, freeze, new_file, thaw
from event_fork_cli.repairs.groups import Grouping
from event_fork_cli.views.repairs import fields_view, groups_view, rows, samples_view, seconds_text

dead_letters = typer.Typer(
    help="Dead letters of a fork's queue: why they are there, send them back, delete them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

GroupOption = Annotated[
    str | None, typer.Option("--group", metavar="GROUP", help="Only this group: its id as `list` prints it.")
]
TypeAttribute = Annotated[str, typer.Option(metavar="NAME", help="Message attribute that holds an event's type.")]


@dead_letters.command("list")
@with_options
def list_command(
    *,
    fork_given: ForkArgument,
    chosen: CriteriaOptions,
    type_attribute: TypeAttribute = "event_type",
    common: Common,
) -> None:
    """Group the dead letters by why they are there: counts, first and last, an example.

    Looks at every message; all of them are visible again at the end.
    """
    wanted = criteria(chosen, None, context.now())
    found = Grouping()
    queue = _queue(common.aws, find_fork(common.aws, fork_given))

    def look(one: Letter) -> None:
        if wanted.hold(one):
            found.add(one)

    _look(queue, type_attribute, look)
    if not len(found):
        raise NothingMatchedError(f"no dead letter of {fork_given} matches")
    groups = found.largest_first()
    common.emit(
        rows(groups),
        lambda: groups_view(groups, f"{len(found):,} dead letters of {fork_given} in {len(groups):,} groups"),
    )


@dead_letters.command()
@with_options
def show(
    *,
    fork_given: ForkArgument,
    group: GroupArgument,
    samples: Annotated[int, typer.Option(min=1, max=100, help="How many to show in full.")] = 3,
    type_attribute: TypeAttribute = "event_type",
    common: Common,
) -> None:
    """Show some dead letters of a group in full: body, attributes, times."""
    wanted = criteria(CriteriaOptions(), group, context.now())
    queue = _queue(common.aws, find_fork(common.aws, fork_given))
    found = Grouping()
    shown: list[dict[str, Any]] = []

    def look(one: Letter) -> None:
        if wanted.hold(one):
            found.add(one)
            if len(shown) < samples:
                shown.append(_in_full(one))

    _look(queue, type_attribute, look)
    the_group = group_of(found.largest_first(), group)
    common.emit({**rows([the_group])[0], "samples": shown}, lambda: samples_view(the_group, shown), rows=shown)


@dead_letters.command()
@with_options
def redrive(
    *,
    fork_given: ForkArgument,
    group: GroupOption = None,
    chosen: CriteriaOptions,
    limit: Annotated[int, typer.Option(min=1, max=MOST, metavar="N", help="At most so many.")] = MOST,
    to: Annotated[
        str | None, typer.Option(metavar="QUEUE", help="Queue to send to: name, URL or ARN; default: the fork's own.")
    ] = None,
    rate: Annotated[float, typer.Option(metavar="N", help="At most so many messages a second.")] = 50,
    recipe_file: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="FILE", exists=True, dir_okay=False, help="Edit messages: as `rejected fix`."),
    ] = None,
    set_file: SetOption = None,
    save: SaveOption = None,
    execute: Execute = False,
    type_attribute: TypeAttribute = "event_type",
    common: Common,
) -> None:
    """Send dead letters back to the fork's queue, without our labels, and delete them.

    Without --execute nothing is sent: it shows what would be. Only what is there when it begins is touched. A letter is
    deleted after the queue has taken it; id and time of the event stay on it. Ctrl-C stops after the ten in hand.
    """
    checked_rate("--rate", rate, example="--rate 10")
    edit = as_it_is if recipe_file is None else _edit(recipe_file)
    settings = common.aws
    fork = find_fork(settings, fork_given)
    queue = _queue(settings, fork)
    wanted = criteria(chosen, group, context.now())
    target = find_queue(to, "--to", settings) if to is not None else None
    if target is None and not fork.queue_url:
        rule = f"must be given for {fork.name}, which has no queue: SNS writes to its stream itself"
        raise BadInputError("--to", rule, example="--to orders-repair", received=to)
    url, arn = (fork.queue_url, fork.queue_arn) if target is None else (target.url, target.arn)
    if arn == fork.dead_letters_arn:
        raise BadInputError("--to", "must be another queue than the dead-letter queue", example="--to q", received=to)
    path, ids = _set("redrive", fork, queue, wanted, set_file, save, limit, execute, type_attribute, common)
    if not execute:
        return
    client = settings.sqs(arn.split(":")[3])
    hold = hold_seconds(queue.backlog().all, len(ids) / rate)
    say(f"sending {len(ids):,} dead letters to {arn}; the list of them is {path}")
    done = _act(queue, ids, hold, sender(SqsQueue(url, client), edit), Pacer(rate), f"sent to {arn.rpartition(':')[2]}")
    _report(common, "redrive", fork, chosen_text(wanted, set_file), path, done, {"to": arn})


@dead_letters.command()
@with_options
def purge(
    *,
    fork_given: ForkArgument,
    group: GroupOption = None,
    chosen: CriteriaOptions,
    limit: Annotated[int, typer.Option(min=1, max=MOST, metavar="N", help="At most so many.")] = MOST,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="New file for the messages; default: purged-FORK-TIME.jsonl in this folder."),
    ] = None,
    set_file: SetOption = None,
    save: SaveOption = None,
    execute: Execute = False,
    type_attribute: TypeAttribute = "event_type",
    common: Common,
) -> None:
    """Delete dead letters, after writing them to a file.

    Without --execute nothing is deleted: it shows what would be. Only what is there when it begins is touched. A letter
    is deleted when the file on this machine has it whole.
    """
    fork = find_fork(common.aws, fork_given)
    queue = _queue(common.aws, fork)
    now = context.now()
    wanted = criteria(chosen, group, now)
    path, ids = _set("purge", fork, queue, wanted, set_file, save, limit, execute, type_attribute, common)
    if not execute:
        return
    kept = keep or default_path("purged", fork.name, now)
    hold = hold_seconds(queue.backlog().all)
    with new_file(kept) as file:
        done = _act(queue, ids, hold, keeper(file), None, f"deleted, and kept in {kept}")
    _report(common, "purge", fork, chosen_text(wanted, set_file), path, done, {"kept in": str(kept)})


@dead_letters.command("history")
@with_options
def history_command(*, fork_given: ForkArgument, common: Common) -> None:
    """List the repairs of a fork, of its dead letters and its rejected documents: who, when, what, how many."""
    show_history(common, find_fork(common.aws, fork_given).name)


def _edit(path: Path) -> Callable[[Letter], Letter]:
    """What a recipe makes of a letter: it is about the published message. Raises RefusedError."""
    recipe = recipe_of(path)
    if recipe.routes:
        raise RefusedError(f"--recipe {path}: a message has no index, so no step may be a route")

    def change(text: bytes) -> bytes:
        try:
            repaired = recipe.repair(read(text))
            if repaired is None:
                raise NotEditableError("no rule of the recipe takes it")
            return write(repaired.document)
        except NotRepairableError as error:
            raise NotEditableError(str(error)) from error
        except (ValueError, RecursionError) as error:
            raise NotEditableError("the message is no JSON") from error

    return lambda one: edited(one, change)


def _queue(settings: AwsSettings, fork: Fork) -> DeadLetterQueue:
    return DeadLetterQueue(fork.dead_letters_url, fork.dead_letters_arn, settings.sqs())


def _look(queue: DeadLetterQueue, type_attribute: str, each: Callable[[Letter], None]) -> None:
    """Gives every dead letter that is visible, and says what an operator should know about the others."""
    backlog = queue.backlog()
    if backlog.hidden:
        note(
            f"{backlog.hidden:,} messages are in flight elsewhere: somebody has received them, so they are not counted"
        )
    if queue.own_dead_letters():
        note("the dead-letter queue has a dead-letter queue itself: each look counts as an attempt")
    with Interruption(say) as interruption, counting("dead letters looked at", backlog.visible) as show:
        looking = Looking.at_all(queue, backlog)
        with looking:
            for batch in looking.letters():
                show(looking.seen)
                for one in batch:
                    each(Letter(one.message, one.source, type_attribute))
            interruption.hold()
    if looking.seen >= MOST:
        note(f"the first {looking.seen:,} are all that can be looked at at once")
    if looking.hidden:
        note(f"{looking.hidden:,} could not be given back: they are visible again within {hold_seconds(backlog.all)} s")


def _set(
    action: str,
    fork: Fork,
    queue: DeadLetterQueue,
    wanted: Criteria,
    set_file: Path | None,
    save: Path | None,
    limit: int,
    execute: bool,
    type_attribute: str,
    common: Common,
) -> tuple[Path | None, list[str]]:
    """The frozen set, shown and saved."""
    if set_file is not None:
        if wanted != Criteria():
            rule = "cannot go with options that choose: the set is chosen"
            raise BadInputError("--set", rule, example="--set redrive.jsonl --execute", received=str(set_file))
        entries = thaw(set_file, action, fork.name, queue.arn)
        ids = [str(entry.get("id")) for entry in entries]
        if not execute:
            common.emit(entries, lambda: fields_view({"set": str(set_file), "dead letters": len(ids)}))
        return set_file, ids
    now = context.now()
    found, entries = Grouping(), []

    def look(one: Letter) -> None:
        if len(entries) < limit and wanted.hold(one):
            found.add(one)
            entries.append({"id": one.message.message_id, "event": one.id, "at": one.at})

    _look(queue, type_attribute, look)
    if not entries:
        raise NothingMatchedError(f"no dead letter of {fork.name} matches")
    groups = found.largest_first()
    if wanted.group is not None:
        group_of(groups, wanted.group)
    for group in groups:
        if action == "redrive" and group.reason in COMES_BACK:
            known = f"{group.count:,} with the reason {group.reason} will come back"
            note(f"{known}: it lies in the message; {group.example} is one")
    path = save or (default_path(action, fork.name, now) if execute else None)
    if path is not None:
        freeze(path, action, fork.name, queue.arn, now, entries)
    if not execute:
        title = f"{action} would touch {len(entries):,} dead letters of {fork.name}"
        common.emit(rows(groups), lambda: groups_view(groups, title))
        what = f"--set {path} --execute" if path else "--execute"
        say(f"nothing was done; to do it, the same with {what}" + (f" (the list is {path})" if path else ""))
    return path, [entry["id"] for entry in entries]


def _act(queue: DeadLetterQueue, ids: list[str], hold: int, deed: Deed, pacer: Pacer | None, what: str) -> Done:
    with Stop(say) as stop, counting(what, len(ids)) as show:
        return do_to(Looking(queue, hold), ids, deed, pacer=pacer, stop=stop, show=lambda now: show(now.done))


def _report(
    common: Common, action: str, fork: Fork, chosen: str, path: Path | None, done: Done, more: dict[str, str]
) -> None:
    data = {"action": action, "fork": fork.name, **more, "set": str(path), **asdict(done)}
    shown = {
        **{name: value for name, value in data.items() if name not in ("seconds", "interrupted")},
        "failed": dict(islice(done.failed.items(), 20)),
        "not_deleted": dict(islice(done.not_deleted.items(), 20)),
        "took": seconds_text(done.seconds),
    }
    common.emit(data, lambda: fields_view(shown))
    problems = []
    if done.not_deleted:
        problems.append(f"{len(done.not_deleted):,} were done and could not be deleted: do not do them again")
    if done.failed:
        problems.append(f"{len(done.failed):,} could not be sent ({', '.join(sorted(set(done.failed.values()))[:5])})")
    if done.missing:
        problems.append(f"{done.missing:,} were not met: deleted, expired, or in flight elsewhere")
    if done.still_hidden:
        problems.append(f"{done.still_hidden:,} could not be given back and are hidden for some time")
    again = f"event-fork dead-letters {action} {fork.name} --set {path} --execute"
    note_in_history(common.aws, fork.name, action, chosen, path, done)
    end_of(problems, done.interrupted, done.left, again)


def _in_full(one: Letter) -> dict[str, Any]:
    event = one.message.event
    return {
        "event": one.id,
        "message": one.message.message_id,
        "at": one.at,
        "type": one.event_type,
        "from": one.source,
        "labels": one.labels,
        "attributes": {name: value["Value"] for name, value in (event.attributes or {}).items()} if event else None,
        "body": event.message if event else one.message.body,
    }
