"""All replays of an archive: who, when, what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from event_fork.adapters.s3_documents import S3DocumentStore
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

    One whose documents cannot be understood (another version's, say) is said and left out.
    """
    by_bucket: dict[str, list[ReplayEngine]] = {}
    for engine in engines:
        by_bucket.setdefault(engine.bucket, []).append(engine)
    stores = {bucket: S3DocumentStore(bucket, s3) for bucket in by_bucket}
    # Ids made by `plan` begin with their time, so they sort by it.
    found = sorted(((found, bucket) for bucket, store in stores.items() for found in replay_ids(store)), reverse=True)

    def status(entry: tuple[str, str]) -> Status | None:
        try:
            return read(*entry)
        except DocumentError as error:
            say(f"note: {entry[0]} is left out: {error}")
            return None

    def read(replay_id: str, bucket: str) -> Status | None:
        documents = ReplayDocuments(stores[bucket], WorkArea.of(replay_id))
        plan = documents.find_plan()
        if plan is None:  # an apply that died before its plan was written
            return None
        engine = next(
            (
                engine
                for engine in by_bucket[bucket]
                if plan.engine is None or engine.state_machine_arn == plan.engine.state_machine_arn
            ),
            by_bucket[bucket][0],
        )
        return StatusReader(documents, executions, engine.state_machine_arn).read()

    with ThreadPoolExecutor(_THREADS) as threads:
        return [entry for entry in threads.map(status, found[:limit]) if entry is not None]
