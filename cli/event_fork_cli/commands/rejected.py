"""event-fork rejected: list, show, fix, history."""

import json
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from event_fork.sending.pacing import Pacer
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
from event_fork_cli.errors import BadInputError, NothingMatchedError, RefusedError
from event_fork_cli.options import Common, checked_rate, with_options
from event_fork_cli.output import note, say
from event_fork_cli.queue_replay.interruption import Stop
from event_fork_cli.rejected.failures import Failure, NotAFailureError
from event_fork_cli.rejected.fixing import Fixed, Fixer, FrozenObject, prepare
from event_fork_cli.rejected.reading import Unread, error_objects, failures
from event_fork_cli.rejected.recipes import NotRepairableError, Recipe
from event_fork_cli.repairs.criteria import Criteria, CriteriaOptions, criteria
from event_fork_cli.repairs.forks import Stream, error_store, find_domain, find_stream
from event_fork_cli.repairs.frozen import default_path, freeze, thaw
from event_fork_cli.repairs.groups import Grouping
from event_fork_cli.search.calls import Calls
from event_fork_cli.views.repairs import DONE, fields_view, groups_view, rows, samples_view, seconds_text

rejected = typer.Typer(
    help="Documents that a fork's domain rejected: why, and how to repair and index them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MOST_SAID = 10


@rejected.command("list")
@with_options
def list_command(*, fork: ForkArgument, chosen: CriteriaOptions, common: Common) -> None:
    """Group what lies below errors/ by why it failed: counts, first and last, the field, an example.

    Reads every form that Firehose writes, of search and of storage forks. --since and --until are about the time at
    which Firehose got the record.
    """
    wanted = criteria(chosen, None, context.now())
    stream = find_stream(common.aws, fork)
    found = Grouping()
    _look(common, stream, lambda _key, _etag, _line, one: found.add(one) if wanted.hold(one) else None)
    if not len(found):
        raise NothingMatchedError(f"nothing rejected of {fork} matches")
    groups = found.largest_first()
    title = f"{len(found):,} rejected records of {fork} in {len(groups):,} groups"
    common.emit(rows(groups), lambda: groups_view(groups, title))


@rejected.command()
@with_options
def show(
    *,
    fork: ForkArgument,
    group: GroupArgument,
    samples: Annotated[int, typer.Option(min=1, max=100, help="How many to show in full.")] = 3,
    common: Common,
) -> None:
    """Show some rejected records of a group in full: the document, and what the domain said."""
    wanted = criteria(CriteriaOptions(), group, context.now())
    found = Grouping()
    shown: list[dict[str, Any]] = []

    def look(key: str, _etag: str, line: int, one: Failure) -> None:
        if wanted.hold(one):
            found.add(one)
            if len(shown) < samples:
                shown.append(_in_full(key, line, one))

    _look(common, find_stream(common.aws, fork), look)
    the_group = group_of(found.largest_first(), group)
    common.emit({**rows([the_group])[0], "samples": shown}, lambda: samples_view(the_group, shown), rows=shown)


@rejected.command()
@with_options
def fix(
    *,
    fork: ForkArgument,
    group: GroupArgument,
    recipe_file: Annotated[
        Path, typer.Option("--recipe", metavar="FILE", exists=True, dir_okay=False, help="How to repair: a JSON file.")
    ],
    chosen: CriteriaOptions,
    max_fixes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leave out what fixes have tried so often and the domain refused.")
    ] = 3,
    rate: Annotated[float, typer.Option(metavar="N", help="At most so many documents a second.")] = 500,
    samples: Annotated[int, typer.Option(min=0, max=100, help="How many to show before and after.")] = 3,
    credentials: Annotated[
        str | None,
        typer.Option(
            "--credentials-secret", metavar="ARN", help="Secret with username and password; default: the module's."
        ),
    ] = None,
    set_file: SetOption = None,
    save: SaveOption = None,
    execute: Execute = False,
    common: Common,
) -> None:
    """Repair the documents of a group, index them, and take them out of errors/.

    Without --execute nothing is indexed: it shows documents before and after. A document gets the id of its event, so
    there is never a second copy. What the domain refuses again stays, with the new reason.
    """
    checked_rate("--rate", rate, example="--rate 100")
    recipe = recipe_of(recipe_file)
    settings = common.aws
    now = context.now()
    wanted = criteria(chosen, group, now)
    stream = find_stream(settings, fork)
    if stream.index_name is None:
        raise RefusedError(f"{fork} is a storage fork: there is no index to put its records into, only to look at them")
    source = f"s3://{stream.errors.bucket}/{stream.errors.template}"
    if set_file is None:
        path, frozen = _freeze(common, stream, wanted, recipe, save, source, max_fixes, samples, execute)
    elif chosen != CriteriaOptions():
        rule = "cannot go with options that choose: the set is chosen"
        raise BadInputError("--set", rule, example="--set fix.jsonl --execute", received=str(set_file))
    else:
        path, frozen = set_file, _thawed(set_file, fork, source)
    count = sum(one.count for one in frozen)
    if not execute:
        if set_file is not None:
            common.emit(frozen, lambda: fields_view({"set": str(set_file), "documents": count}))
        what = f"--set {path} --execute" if path else "--execute"
        say(f"nothing was indexed; to do it, the same with {what}")
        return
    calls = Calls(find_domain(settings, stream, credentials), name=f"the domain of {fork}")
    result = Fixed(count)
    began = time.monotonic()
    say(f"indexing {count:,} documents; the list of them is {path}")
    with Stop(say) as stop, counting("documents dealt with", count) as progress:
        fixer = Fixer(
            error_store(settings, stream),
            settings.s3(),
            stream,
            calls,
            recipe,
            result,
            now=context.now,
            stop=stop,
            pacer=Pacer(rate),
            show=lambda state: progress(state.done + state.there),
        )
        try:
            for one in frozen:
                if stop.asked:
                    break
                fixer.fix(one)
        finally:
            result.interrupted = stop.asked
            result.seconds = time.monotonic() - began
            note_in_history(settings, fork, "fix", f"{chosen_text(wanted, set_file)}, {recipe_file.name}", path, result)
    _report(common, fork, group, recipe_file, path, result)


@rejected.command("history")
@with_options
def history_command(*, fork: ForkArgument, common: Common) -> None:
    """List the repairs of a fork, of its dead letters and its rejected documents: who, when, what, how many."""
    show_history(common, fork)


def _look(common: Common, stream: Stream, each: Callable[[str, str, int, Failure], None]) -> None:
    store, unread = error_store(common.aws, stream), Unread()
    with counting("records looked at", None) as progress:
        for count, found in enumerate(failures(store, error_objects(store, stream.errors), unread), 1):
            each(*found)
            if not count % 1000:
                progress(count)
    sentences = list(unread.sentences())
    for sentence in sentences[:_MOST_SAID]:
        note(sentence)
    if len(sentences) > _MOST_SAID:
        note(f"{len(sentences) - _MOST_SAID:,} more objects or lines cannot be read")


def _freeze(
    common: Common,
    stream: Stream,
    wanted: Criteria,
    recipe: Recipe,
    save: Path | None,
    source: str,
    max_fixes: int,
    samples: int,
    execute: bool,
) -> tuple[Path | None, list[FrozenObject]]:
    """The frozen set, shown and saved."""
    found, tried = Grouping(), 0
    objects: dict[str, tuple[str, str, list[list[int]]]] = {}
    shown: list[dict[str, Any]] = []
    problems: dict[str, int] = {}

    def look(key: str, etag: str, line: int, one: Failure) -> None:
        nonlocal tried
        if not wanted.hold(one):
            return
        if one.fixes >= max_fixes:
            tried += 1
            return
        found.add(one)
        runs = objects.setdefault(key, (etag, one.kind, []))[2]
        if runs and runs[-1][1] == line - 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
        try:
            ready = prepare(one, recipe, stream)
        except (NotRepairableError, NotAFailureError) as error:
            problems[str(error)] = problems.get(str(error), 0) + 1
            return
        if len(shown) < samples:
            shown.append({"event": ready.event_id, "index": ready.index, **_difference(one.document, ready.document)})

    _look(common, stream, look)
    if tried:
        note(f"{tried:,} are left out: fixes have tried them {max_fixes} times (--max-fixes)")
    if not len(found):
        raise NothingMatchedError(f"nothing rejected of {stream.name} matches")
    groups = found.largest_first()
    group = group_of(groups, wanted.group or "")
    for problem, count in problems.items():
        note(f"{count:,} would stay rejected: {problem}")
    path = save or (default_path("fix", stream.name, context.now()) if execute else None)
    frozen = [
        {"key": key, "etag": etag, "kind": kind, "runs": runs} for key, (etag, kind, runs) in sorted(objects.items())
    ]
    if path is not None:
        freeze(path, "fix", stream.name, source, context.now(), frozen)
    if not execute:
        data = {**rows([group])[0], "would_stay": problems, "samples": shown}
        common.emit(data, lambda: samples_view(group, shown), rows=shown)
    return path, [_frozen_object(entry) for entry in frozen]


def _thawed(path: Path, fork: str, source: str) -> list[FrozenObject]:
    try:
        return [_frozen_object(entry) for entry in thaw(path, "fix", fork, source)]
    except (KeyError, TypeError, ValueError):
        rule = "must be a file that a dry run of fix has saved"
        raise BadInputError("--set", rule, example="--set fix.jsonl", received=str(path)) from None


def _frozen_object(entry: dict[str, Any]) -> FrozenObject:
    runs = tuple((int(first), int(last)) for first, last in entry["runs"])
    if not all(isinstance(entry[name], str) for name in ("key", "etag", "kind")):
        raise ValueError(entry)
    if not all(0 <= first <= last < 10**9 for first, last in runs):
        raise ValueError(entry)
    return FrozenObject(entry["key"], entry["etag"], entry["kind"], runs)


def _report(common: Common, fork: str, group: str, recipe: Path, path: Path | None, result: Fixed) -> None:
    # asdict makes no Counter
    told = {one.name: getattr(result, one.name) for one in fields(result)}
    data = {"action": "fix", "fork": fork, "group": group, "set": str(path), **told}
    shown = {
        DONE: result.done,
        "in the index already": result.there,
        "refused again": dict(result.refused.most_common(_MOST_SAID)),
        "not repaired": dict(result.not_repaired.most_common(_MOST_SAID)),
        "objects": f"{result.objects_deleted:,} deleted, {result.objects_rewritten:,} rewritten",
        "took": seconds_text(result.seconds),
    }
    common.emit(data, lambda: fields_view(shown))
    problems = []
    if result.refused:
        problems.append(f"{sum(result.refused.values()):,} were refused again, with a new reason: see `rejected list`")
    if result.not_repaired:
        problems.append(f"{sum(result.not_repaired.values()):,} the recipe does not repair")
    if result.changed:
        problems.append(f"{result.changed:,} lay in objects that somebody has changed or deleted meanwhile")
    again = f"event-fork rejected fix {fork} {group} --recipe {recipe} --set {path} --execute"
    end_of(problems, result.interrupted, result.left if result.interrupted else 0, again)


def _difference(before: Any, after: bytes) -> dict[str, Any]:
    """The members that a repair has changed."""
    repaired = json.loads(after)
    names = [name for name in {**before, **repaired} if before.get(name, ...) != repaired.get(name, ...)]
    return {
        "before": {name: before[name] for name in names if name in before},
        "after": {name: repaired[name] for name in names if name in repaired},
    }


def _in_full(key: str, line: int, one: Failure) -> dict[str, Any]:
    try:
        raw = one.raw.decode("utf-8", "backslashreplace")
    except NotAFailureError as error:
        raw = f"({error})"
    return {
        "event": one.id,
        "object": key,
        "line": line,
        "at": one.at,
        "index": one.index,
        "attempts": one.members.get("attemptsMade"),
        "fixes": one.fixes or None,
        "code": one.code,
        "said": one.reason,
        "record": raw,
    }
