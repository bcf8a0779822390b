"""The documents of a replay in memory."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from event_fork.replay_plan.control import Control
from event_fork.replay_plan.documents import ReplayDocuments, StoredDocument, refuse_too_large
from event_fork.replay_plan.plan import Plan
from event_fork.replay_plan.progress import Progress
from event_fork.replay_plan.work_area import WorkArea


class MemoryStore:
    """A DocumentStore in memory."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def get(self, key: str, most: int) -> StoredDocument | None:
        content = self.contents.get(key)
        if content is None:
            return None
        refuse_too_large(key, len(content), most)
        return StoredDocument(content, etag_of(content))

    def put(self, key: str, content: bytes) -> None:
        self.contents[key] = content

    def create(self, key: str, content: bytes) -> str | None:
        return etag_of(content) if self.contents.setdefault(key, content) is content else None

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        if key not in self.contents or etag != etag_of(self.contents[key]):
            return None
        self.contents[key] = content
        return etag_of(content)

    def etags(self, prefix: str) -> dict[str, str]:
        return {key: etag_of(content) for key, content in self.contents.items() if key.startswith(prefix)}

    def folders(self, prefix: str) -> Iterator[str]:
        yield from {prefix + key.removeprefix(prefix).partition("/")[0] + "/" for key in self.etags(prefix)}


def etag_of(content: bytes) -> str:
    """As S3 makes it: of the content alone."""
    return hashlib.sha256(content).hexdigest()


class MemoryDocuments(ReplayDocuments):
    """ReplayDocuments on a MemoryStore; `written` holds every progress that was put."""

    def __init__(self, plan: Plan, control: Control) -> None:
        self.store = MemoryStore()
        super().__init__(self.store, WorkArea("orders", plan.replay_id))
        self.write_plan(plan.sealed().to_bytes())
        self.create_control(control)
        self.progresses: dict[str, Progress] = {}
        self.written: list[Progress] = []
        self.looks = 0

    def control(self) -> Control:
        self.looks += 1
        return super().control()

    def set_control(self, **fields: Any) -> None:
        """What an operator does meanwhile."""
        self.store.put(self.area.control, replace(super().control(), **fields).to_json())

    def replace_plan(self, plan: Plan) -> None:
        """Another plan, of which control.json is then too."""
        self.set_control(plan_sha256=plan.sealed().sha256)
        self.write_plan(plan.sealed().to_bytes())

    def put_progress(self, progress: Progress, over: str | None) -> str | None:
        written = super().put_progress(progress, over)
        if written is not None:
            self.progresses[progress.item] = progress
            self.written.append(progress)
        return written
