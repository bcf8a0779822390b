"""A window, looked at from all sides: nothing is changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from event_fork.archive.errors import ArchiveError
from event_fork.archive.lines import lines
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.selection import Criteria, UnreadableLine, select
from event_fork.archive.store import ArchiveStore
from event_fork.archive.unpacking import decompress
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import EVER, Window, timestamp_text
from event_fork_cli.archive_replay.pool import InlineScan, ParallelScan
from event_fork_cli.archive_replay.spill import bucket_files
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from event_fork_cli.errors import BadInputError, RefusedError
from event_fork_cli.moments import shown_duration
from event_fork_cli.repairs.forks import error_store
from event_fork_cli.search.sources import Backup, Deployed, Search, forks_of
from event_fork_cli.verification import witness as witnesses
from event_fork_cli.verification.certificates import FORMAT, Certificate, CertifiedIndex, certified_objects
from event_fork_cli.verification.finding import LEAST_RECEPTIONS
from event_fork_cli.verification.reading import (
    IndexOrder,
    ReadingOrder,
    SightedObject,
    peek,
    read_index,
    read_rejected,
)
from event_fork_cli.verification.reconciling import Difference, Findings, Frame, IndexTally, Kind, reconcile, together
from event_fork_cli.verification.sightings import Place
from event_fork_cli.verification.witness import State, Stretch, Witness

MARGIN = timedelta(minutes=1)
"""Two clocks may put an event into two minutes; so much around the window is read and not judged."""
ALLOWANCE = timedelta(minutes=3)
"""What queue, function and delivery take beside the times that they wait on purpose."""
MOST_EXPLAINED = 10_000
_MOST_UNREADABLE = 100


@dataclass(frozen=True, slots=True)
class Chain:
    """The forks of one topic that are compared. `replay`: whose queue may hold what the archive lacks."""

    backup: Backup
    searches: tuple[Search, ...]
    replay: Deployed | None

    @property
    def topic_arn(self) -> str:
        """Their topic."""
        return self.backup.deployed.topic_arn

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them."""
        others = (self.replay.name,) if self.replay else ()
        return (self.backup.deployed.name, *(search.deployed.name for search in self.searches), *others)

    @property
    def waits(self) -> timedelta:
        """How long an event may be on its way."""
        return max(one.waits for one in (self.backup.deployed, *(search.deployed for search in self.searches)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified. `processes`: 0 = all in this one. `metrics`: whether SNS's counts are compared too.

    `routed`: indices to which a recipe may have routed documents of the search forks.
    """

    window: Window
    now: datetime
    lateness: timedelta
    processes: int
    metrics: bool = True
    routed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A difference as an operator reads it. `fork`: where the event is missing, or is too much.

    `reason`: why no document can be made of it, "" where one can.
    """

    kind: Kind
    fork: str
    event_id: str
    published: str
    object: str
    reason: str = ""


@dataclass(slots=True)
class Report:
    """What was found. `differences` are at most 100,000, the counts are of all.

    `settled`: up to when nothing can be on its way any more, at most the end of the window.
    """

    topic_arn: str
    archive: str
    start: str
    end: str
    settled: str
    complete: bool
    archived: int
    set_aside: int
    missing: int
    in_flight: int
    not_documents: int
    objects: int
    bytes: int
    published: int | None
    delivered: int | None
    filtered_out: int | None
    failed: int | None
    indices: dict[str, IndexTally]
    stretches: list[Stretch]
    differences: list[Named]
    unreadable: list[dict[str, str]]
    notes: list[str] = field(default_factory=list)

    @property
    def is_settled(self) -> bool:
        """Whether the whole window is so long ago that nothing of it can be on its way."""
        return self.settled == self.end

    @property
    def gaps(self) -> list[Stretch]:
        """Where events were published and are nowhere."""
        return [stretch for stretch in self.stretches if stretch.state is State.GAP]


@dataclass(slots=True)
class Verified:
    """The report, and what repairs and certificates are made of. `waiting`: file of envelopes of the replay queue."""

    report: Report
    differences: list[Difference]
    objects: list[SightedObject]
    certificate: Certificate
    waiting: Path | None


Show = Callable[[str], None]


def find_chain(settings: AwsSettings, names: Sequence[str], secret_arn: str | None) -> Chain:
    """The forks of these names. Raises BadInputError, RefusedError."""
    backups, searches, others = forks_of(settings, names, secret_arn)
    if len(backups) != 1:
        rule = "must be one storage fork, whose archive the others are compared with, and search forks"
        raise BadInputError("FORK", rule, example="orders-backup orders-search", received=" ".join(names))
    topics = {one.topic_arn for one in (backups[0].deployed, *(search.deployed for search in searches), *others)}
    if len(topics) > 1:
        raise RefusedError(f"the forks are of different topics ({', '.join(sorted(topics))}): compare those of one")
    if odd := [one.name for one in others if not one.is_replay]:
        rule = "must be storage forks, search forks or replay forks"
        raise BadInputError("FORK", rule, example="orders-backup orders-search", received=", ".join(odd))
    if len(others) > 1:
        rule = "must be at most one replay fork: each of them has the same events"
        raise BadInputError("FORK", rule, example="orders-replay", received=", ".join(one.name for one in others))
    return Chain(backups[0], tuple(searches), others[0] if others else None)


@contextmanager
def verified(settings: AwsSettings, chain: Chain, asked: Asked, show: Show) -> Iterator[Verified]:
    """Looks at everything. In the `with` block the files that repairs need are there."""
    with tempfile.TemporaryDirectory(prefix="event-fork-verify-") as folder:
        spill, waiting = Path(folder) / "ids", Path(folder) / "waiting.jsonl"
        spill.mkdir()
        yield _verify(settings, chain, asked, show, spill, waiting)


def _verify(settings: AwsSettings, chain: Chain, asked: Asked, show: Show, spill: Path, waiting: Path) -> Verified:
    backup, now = chain.backup, asked.now
    seen = Window(asked.window.start - MARGIN, asked.window.end + MARGIN)
    settled = now - chain.waits - ALLOWANCE
    archive = backup.archive
    open_store = OpenArchive(settings, archive.bucket, archive.region)
    makers = tuple(search.maker for search in chain.searches)
    order = ReadingOrder(open_store, seen, chain.topic_arn, makers, spill)
    reach = Reach(archive.prefix, seen, asked.lateness, now, backup.layout)
    seconds = witnesses.period_for(asked.window, now) if asked.metrics else None
    frame = Frame.of(asked.window, timestamp_text(settled), len(chain.searches), seconds)
    notes: list[str] = []
    with ParallelScan(order, asked.processes) if asked.processes else InlineScan(order) as work:
        objects: list[SightedObject] = []
        for _, found in work.scan(needed_objects(open_store(), reach)):
            objects += found
            show(f"the archive: {len(objects):,} objects, {sum(one.events for one in objects):,} events")
        objects.sort(key=lambda one: one.number)
        for number, search in enumerate(chain.searches, 1):
            show(f"the index of {search.deployed.name}")
            parts = max(1, asked.processes)
            own = (search.names(search.calls(settings)), Place.INDEX)
            for names, place in (own, (",".join(asked.routed), Place.ROUTED))[: 1 + bool(asked.routed)]:
                orders = [
                    IndexOrder(settings, search, names, number, seen, spill, part, parts, place)
                    for part in range(parts)
                ]
                nameless = sum(without for _, without in work.each(read_index, orders))
                if nameless:
                    what = f"{nameless:,} documents of {names} have no event_id"
                    notes.append(f"{what}: which events they are is not known")
        _read_aside(settings, chain, seen, spill, show, notes)
        show("all ids are compared")
        findings = together(work.each(partial(reconcile, frame=frame), bucket_files(spill)), frame.forks)
        witness = _witness(settings, chain, asked, seconds, notes)
        filters = bool(backup.deployed.subscription and backup.deployed.subscription.filter_policy)
        judged = min(settled, now - witnesses.LATE, asked.window.end)
        found_stretches = (
            []
            if witness is None
            else witnesses.stretches(witness, findings.periods, asked.window, judged, filters=filters)
        )
        kept = None
        if any(stretch.state is State.GAP for stretch in found_stretches) and _look_at_waiting(
            settings, chain, seen, spill, waiting, show, notes
        ):
            kept = waiting
            findings = together(work.each(partial(reconcile, frame=frame), bucket_files(spill)), frame.forks)
    named = _named(chain, findings, objects, open_store)
    not_documents = sum(bool(one.reason) for one in named)
    report = _report(chain, asked, judged, findings, objects, witness, found_stretches, named, not_documents, notes)
    certificate = _certificate(chain, asked, findings, objects, report)
    return Verified(report, findings.differences, objects, certificate, kept)


def _read_aside(settings: AwsSettings, chain: Chain, window: Window, spill: Path, show: Show, notes: list[str]) -> None:
    """Dead letters and rejected documents of all forks."""
    sides = [(0, chain.backup.deployed, chain.backup.stream)]
    sides += [(number, search.deployed, search.stream) for number, search in enumerate(chain.searches, 1)]
    for number, found, stream in sides:
        fork = found.fork
        show(f"dead letters and rejected documents of {fork.name}")
        queue = DeadLetterQueue(fork.dead_letters_url, fork.dead_letters_arn, settings.sqs())
        seen = peek(queue, Place.DEAD_LETTER, window, number, spill)
        dead = fork.dead_letters_arn.rpartition(":")[2]
        if seen.unread:
            notes.append(f"{seen.unread:,} messages of {dead} are no SNS envelopes: they have no ids")
        if seen.hidden:
            notes.append(f"{seen.hidden:,} messages of {dead} are hidden by somebody else: which they are is not known")
        unread = read_rejected(error_store(settings, stream), stream.errors, window, number, spill)
        if unread:
            notes.append(f"{unread:,} records that {fork.name} could not deliver cannot be read: they have no ids")


def _look_at_waiting(
    settings: AwsSettings, chain: Chain, window: Window, spill: Path, file: Path, show: Show, notes: list[str]
) -> bool:
    """Whether the replay queue could be looked into."""
    replay = chain.replay
    if replay is None:
        return False
    if replay.subscription is None or replay.subscription.raw:
        notes.append(f"{replay.name} has raw messages, which have no ids: they cannot name what the archive lacks")
        return False
    if replay.polled:
        notes.append(f"a replay of {replay.name} goes on: its queue was not looked into")
        return False
    queue = DeadLetterQueue(replay.fork.queue_url, replay.fork.queue_arn, settings.sqs())
    receptions = queue.receptions(LEAST_RECEPTIONS)
    if receptions < LEAST_RECEPTIONS:
        notes.append(f"{replay.name} has max_receive_count = {receptions}: looking into it would use that up")
        return False
    show(f"the replay queue {replay.name}")
    with file.open("wb") as envelopes:
        seen = peek(queue, Place.WAITING, window, 0, spill, keep=lambda event: _write(envelopes.write, event))
    if seen.hidden:
        notes.append(f"{seen.hidden:,} messages of {replay.name} are hidden by somebody else: which is not known")
    return True


def _write(write: Callable[[bytes], int], event: StoredEvent) -> None:
    write(event.to_line())


def _witness(
    settings: AwsSettings, chain: Chain, asked: Asked, seconds: int | None, notes: list[str]
) -> Witness | None:
    if not asked.metrics:
        notes.append("SNS's counts were not asked for: what no fork has got would not be seen")
        return None
    if seconds is None:
        notes.append("CloudWatch has forgotten SNS's counts of this window: it keeps them for 455 days")
        return None
    client = settings.cloudwatch(chain.topic_arn.split(":")[3])
    return witnesses.ask(client, chain.topic_arn, asked.window, seconds)


def _named(chain: Chain, findings: Findings, objects: Sequence[SightedObject], open_store: OpenArchive) -> list[Named]:
    keys = {one.number: one.key for one in objects}
    reasons = _reasons(chain, findings.differences, keys, open_store())
    names = [chain.backup.deployed.name, *(search.deployed.name for search in chain.searches)]
    return [
        Named(
            one.kind,
            names[one.fork],
            one.event_id,
            one.published,
            keys.get(one.number, ""),
            reasons.get((one.fork, one.event_id), ""),
        )
        for one in findings.differences
    ]


def events_of(
    store: ArchiveStore, keys: dict[int, str], wanted: dict[int, set[str]], window: Window
) -> Iterator[StoredEvent]:
    """The events of these ids, from the objects that hold them; each once."""
    for number, ids in sorted(wanted.items()):
        left = set(ids)
        try:
            for found in select(lines(decompress(store.open(keys[number]).chunks())), Criteria(window)):
                if not isinstance(found, UnreadableLine) and found.event.message_id in left:
                    left.discard(found.event.message_id)
                    yield found.event
                if not left:
                    break
        except ArchiveError:
            continue  # it could be read a moment ago; the next run says more


def by_object(differences: Sequence[Difference], kind: Kind, fork: int) -> dict[int, set[str]]:
    """Number of an object -> ids of the differences of a kind that it holds."""
    found: dict[int, set[str]] = {}
    for one in differences:
        if one.kind is kind and one.fork == fork:
            found.setdefault(one.number, set()).add(one.event_id)
    return found


def _reasons(
    chain: Chain, differences: Sequence[Difference], keys: dict[int, str], store: ArchiveStore
) -> dict[tuple[int, str], str]:
    """Why no document can be made of events that are not in an index."""
    found: dict[tuple[int, str], str] = {}
    for fork, search in enumerate(chain.searches, 1):
        wanted = by_object(differences, Kind.NOT_INDEXED, fork)
        if sum(map(len, wanted.values())) > MOST_EXPLAINED:
            continue
        for event in events_of(store, keys, wanted, EVER):
            if reason := search.maker.is_possible(event):
                found[fork, event.message_id] = reason
    return found


def _report(
    chain: Chain,
    asked: Asked,
    settled: datetime,
    findings: Findings,
    objects: Sequence[SightedObject],
    witness: Witness | None,
    found_stretches: list[Stretch],
    named: list[Named],
    not_documents: int,
    notes: list[str],
) -> Report:
    unreadable = [{"key": one.key, "reason": one.reason} for one in objects if one.unreadable]
    others = sum(one.others for one in objects)
    if others:
        notes.append(f"{others:,} events of other topics lie in the archive; they were passed over")
    policy = chain.backup.deployed.subscription.filter_policy if chain.backup.deployed.subscription else None
    if findings.missing and policy:
        name = chain.backup.deployed.name
        notes.append(
            f"{name} has a filter policy: what it does not let through is not archived, and is in the counts too"
        )
    gaps = any(stretch.state is State.GAP for stretch in found_stretches)
    counts = {} if witness is None else witness.sums(asked.window)
    unknown = witness is not None and not any(witness.published.values()) and findings.archived > 0
    if unknown:
        notes.append(
            "SNS has no counts of this topic for the window, though the archive has events: a gap would not be seen "
            "(--no-metrics accepts that)"
        )
    no_witness = asked.metrics and (witness is None or unknown)
    if counts.get("failed"):
        notes.append(
            f"SNS could not hand over {counts['failed']:,} notifications of this topic: see the alarm and the "
        )
        notes[-1] += "queue for what is undelivered"
    in_flight = findings.in_flight + sum(tally.in_flight for tally in findings.indices)
    if in_flight:
        notes.append(
            f"{in_flight:,} times an event was published so recently that it may still be on its way "
            f"({shown_duration(chain.waits + ALLOWANCE)}): verify again later"
        )
    if findings.differences and len(findings.differences) < _count(findings):
        notes.append(f"of {_count(findings):,} differences only {len(findings.differences):,} are named")
    return Report(
        topic_arn=chain.topic_arn,
        archive=chain.backup.url,
        start=asked.window.start_text,
        end=asked.window.end_text,
        settled=timestamp_text(settled),
        complete=not (gaps or unreadable or no_witness or _count(findings) > not_documents),
        archived=findings.archived,
        set_aside=findings.set_aside,
        missing=findings.missing,
        in_flight=in_flight,
        not_documents=not_documents,
        objects=len(objects),
        bytes=sum(one.size for one in objects),
        published=counts.get("published"),
        delivered=counts.get("delivered"),
        filtered_out=counts.get("filtered"),
        failed=counts.get("failed"),
        indices={search.deployed.name: tally for search, tally in zip(chain.searches, findings.indices, strict=True)},
        stretches=[one for one in found_stretches if not unknown] or [],
        differences=named,
        unreadable=unreadable[:_MOST_UNREADABLE],
        notes=notes,
    )


def _count(findings: Findings) -> int:
    return findings.missing + sum(tally.missing + tally.unwanted for tally in findings.indices)


def _certificate(
    chain: Chain, asked: Asked, findings: Findings, objects: Sequence[SightedObject], report: Report
) -> Certificate:
    return Certificate(
        format=FORMAT,
        made_at=timestamp_text(asked.now),
        forks=chain.names,
        topic_arn=chain.topic_arn,
        archive=chain.backup.url,
        start=asked.window.start_text,
        end=asked.window.end_text,
        archived=findings.archived,
        set_aside=findings.set_aside,
        checksum=f"{findings.checksum:032x}",
        routed_to=asked.routed,
        published=report.published,
        indices=tuple(
            CertifiedIndex(
                search.deployed.name,
                tally.wanted,
                tally.indexed,
                tally.dead_letters,
                tally.rejected,
                f"{tally.checksum:032x}",
            )
            for search, tally in zip(chain.searches, findings.indices, strict=True)
        ),
        objects=certified_objects(objects),
    ).sealed()
