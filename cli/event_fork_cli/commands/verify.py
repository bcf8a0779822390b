"""event-fork verify."""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from event_fork.events.time_window import Window, timestamp_of
from event_fork_cli.commands import context
from event_fork_cli.errors import BadInputError, FailedError
from event_fork_cli.moments import length_of_time, moment
from event_fork_cli.options import (
    Common,
    EndOption,
    LatenessOption,
    OptionalStartOption,
    ProcessesOption,
    process_count,
    with_options,
)
from event_fork_cli.output import note, plain_console, say, visible
from event_fork_cli.rejected.recipes import is_index
from event_fork_cli.verification.certificates import Certificate, changes, read_certificate
from event_fork_cli.verification.reconciling import Kind
from event_fork_cli.verification.repairing import repair
from event_fork_cli.verification.verifying import Asked, Chain, Report, Verified, find_chain, verified
from event_fork_cli.views.verification import report_view

Secret = Annotated[
    str | None,
    typer.Option(
        "--secret", metavar="ARN", help="Secret with username and password for the domain; default: as the module has."
    ),
]


@with_options
def verify(
    *,
    forks: Annotated[
        list[str] | None,
        typer.Argument(metavar="FORK...", help="Storage fork, search forks, and perhaps a replay fork of one topic."),
    ] = None,
    start: OptionalStartOption = None,
    end: EndOption = "now",
    repair_it: Annotated[
        bool, typer.Option("--repair", help="Index what is missing from the archive; archive it from the replay queue.")
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --from: write a certificate when all is complete. Without: check one."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over the file of --certificate without asking.")
    ] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics/--no-metrics", help="Compare with SNS's own counts in CloudWatch.")
    ] = True,
    lateness: LatenessOption = "1h",
    routed: Annotated[
        list[str] | None,
        typer.Option(
            "--routed-to",
            metavar="INDEX",
            help="Index to which a recipe has routed documents; may be given several times.",
        ),
    ] = None,
    secret: Secret = None,
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Say whether a window is complete: archive, index, dead letters, rejected documents and SNS's own counts.

    Compares by the ids of events, and names each that is missing or too much. Exit code 0: complete. 1: it is not, or
    nobody can say. Nothing is changed without --repair.
    """
    settings, now = common.aws, context.now()
    before: Certificate | None = None
    if start is None:
        before = _to_check(certificate, forks, end, repair_it=repair_it)
        forks, routed = list(before.forks), list(before.routed_to)
        window = Window(timestamp_of(before.start), timestamp_of(before.end))
    else:
        window = window_of(start, end, now)
        if window.start >= now:
            raise BadInputError("--from", "must be in the past", example="--from 2h", received=start)
        if certificate is not None:
            context.allow_writing("--certificate", certificate, overwrite=overwrite)
    for name in routed or ():
        if not is_index(name):
            rule = "must be the name of an index, in small letters"
            raise BadInputError("--routed-to", rule, example="--routed-to orders-odd", received=name)
    chain = find_chain(settings, forks or [], secret)
    late = length_of_time(lateness, "--lateness")
    asked = Asked(window, now, late, process_count(processes), metrics, tuple(routed or ()))
    report, made = _look(common, chain, asked, repair_it=repair_it)
    for text in report.report.notes:
        note(text)
    common.emit(report.report, lambda: report_view(report.report), rows=report.report.differences)
    if before is not None:
        _compare(before, report.report, made, certificate)
        return
    if not report.report.complete:
        raise FailedError(_sentence(report))
    if certificate is not None and not report.report.is_settled:
        since = f"what was published since {report.report.settled} may still be on its way"
        raise FailedError(f"no certificate was written: {since}, verify again later or with an earlier --to")
    if certificate is not None:
        context.write_private(certificate, made.to_bytes())
        say(f"saved; to check it later: event-fork verify --certificate {certificate}")


def window_of(start: str, end: str, now: datetime) -> Window:
    """The window of --from and --to. Raises BadInputError."""
    try:
        return Window(moment(start, "--from", now), moment(end, "--to", now))
    except ValueError:
        rule = f"must be later than --from ({start})"
        raise BadInputError("--to", rule, example="--from 2h --to 1h", received=end) from None


def _to_check(certificate: Path | None, forks: list[str] | None, end: str, *, repair_it: bool) -> Certificate:
    if certificate is None:
        raise BadInputError(
            "--from",
            "must be given, or --certificate to check one",
            example="--from 2026-11-23 --to 2026-11-24",
            received="",
        )
    if forks or repair_it or end != "now":
        rule = "without --from checks a certificate, which names its forks and its window, and repairs nothing"
        given = [*(forks or []), *(["--repair"] if repair_it else []), *(["--to", end] if end != "now" else [])]
        raise BadInputError("--certificate", rule, example="--certificate day.json", received=" ".join(given))
    return read_certificate(certificate)


def _look(common: Common, chain: Chain, asked: Asked, *, repair_it: bool) -> tuple[Verified, Certificate]:
    console = plain_console(sys.stderr)
    with console.status("looking") as spinner:

        def show(text: str) -> None:
            if console.is_terminal:
                spinner.update(visible(text))

        with verified(common.aws, chain, asked, show) as found:
            if found.report.complete or not repair_it:
                return found, found.certificate
            done = repair(common.aws, chain, found, show)
        for event_id, reason in list(done.refused.items())[:10]:
            note(f"{event_id} cannot be repaired: {reason}")
        say(
            f"repaired: {done.indexed:,} documents were indexed, {done.archived:,} events were archived, "
            f"{len(done.refused):,} cannot be; everything is looked at once more"
        )
        with verified(common.aws, chain, replace(asked, now=context.now()), show) as found:
            return found, found.certificate


def _compare(before: Certificate, report: Report, now: Certificate, path: Path | None) -> None:
    found = changes(before, now)
    if nowhere := sum(one.kind is Kind.NOT_INDEXED and not one.reason for one in report.differences):
        found.append(f"{nowhere:,} events have no document, and no dead letter or rejected document any more")
    if found:
        raise FailedError(f"the window is not as {path} says: {'; '.join(found)}")
    say(f"the window is as {path} says")


def _sentence(found: Verified) -> str:
    report = found.report
    parts = [
        (sum(gap.lost for gap in report.gaps), "published and nowhere, by SNS's count"),
        (report.missing, "missing in the archive"),
        *((tally.missing, f"missing in the index of {fork}") for fork, tally in report.indices.items()),
        *((tally.unwanted, f"too much in the index of {fork}") for fork, tally in report.indices.items()),
        (len(report.unreadable), "objects that cannot be read to their end"),
    ]
    told = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return f"the window is not complete: {told or 'there is no witness for what was published'}"
