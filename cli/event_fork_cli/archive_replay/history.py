"""All replays of an archive: who, when, what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from event_fork.adapters.s3_documents import S3DocumentStore
from event_fork.errors import CallFailedError
from event_fork.replay_plan.documents import ReplayDocuments, replay_ids
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay.engines import ReplayEngine
from event_fork_cli.archive_replay.executions import Executions
from event_fork_cli.archive_replay.statuses import Status, StatusReader

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THREADS = 8


def history(
    s3: S3Client, executions: Executions, engines: Iterable[ReplayEngine], limit: int, say: Callable[[str], None]
) -> list[Status]:
    """The status of the newest `limit` replays of the archives of the given modules, newest first.

    One whose documents cannot be read or understood (another version's, say) is said and left out.
    """
    # Ids made by `plan` begin with their time, so they sort by it.
    found = [(replay_id, engine) for engine in engines for replay_id in _ids(s3, engine, say)]
    found.sort(key=lambda entry: entry[0], reverse=True)

    def status(entry: tuple[str, ReplayEngine]) -> Status | None:
        replay_id, engine = entry
        documents = ReplayDocuments(S3DocumentStore(engine.bucket, s3), WorkArea(engine.name, replay_id))
        try:
            if documents.find_plan() is None:  # an apply that died before its plan was written
                return None
            return StatusReader(documents, executions, engine.state_machine_arn).read()
        except (DocumentError, CallFailedError) as error:
            say(f"{replay_id} is left out: {error}")
            return None

    statuses: list[Status] = []
    with ThreadPoolExecutor(_THREADS) as threads:
        while found and len(statuses) < limit:  # what is left out takes nobody's place
            part, found = found[: limit - len(statuses)], found[limit - len(statuses) :]
            statuses += filter(None, threads.map(status, part))
    return statuses


def _ids(s3: S3Client, engine: ReplayEngine, say: Callable[[str], None]) -> list[str]:
    try:
        return list(replay_ids(S3DocumentStore(engine.bucket, s3), engine.name))
    except CallFailedError as error:
        say(f"the replays of {engine.name} are left out: s3://{engine.bucket}: {error}")
        return []
