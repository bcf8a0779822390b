"""The walk-through, step by step: the demo shows it, and the end-to-end test checks what it saw."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.ecommerce.demo.account import resources_named
from examples.ecommerce.demo.event_fork import EventFork
from examples.ecommerce.demo.orders import Sample
from examples.ecommerce.demo.place import Answer, place
from examples.ecommerce.demo.read_archive import Archive, ArchiveReader
from examples.ecommerce.demo.read_checkout import Row, queue_depth, table_rows, wrong_rows
from examples.ecommerce.demo.read_index import Index, rejected_documents
from examples.ecommerce.demo.seen import (
    Applied,
    ArchiveReplay,
    Destroyed,
    Healing,
    Search,
    Seen,
    expected_ids,
    unindexable_ids,
)
from examples.ecommerce.demo.shop import Shop
from examples.ecommerce.demo.show import Show, Step
from examples.ecommerce.demo.wait import until
from testbench import Bench, Workspace
from testbench.athena import Athena, QueryResult

PAGE = Path(__file__).resolve().parents[3] / "build" / "demo" / "report.html"
BEFORE_BUG = 0.7
"""Part of the orders that is placed before the bug is switched on."""
CHECKOUT_LIMIT = 120.0
"""Seconds within which every accepted order has its row."""
DELIVERY_LIMIT = 300.0
"""Seconds within which backup and index are complete: 60 of Firehose's buffers, batching windows, the index's retry."""
REPLAY_LIMIT = 180.0
"""Seconds within which a replay is through."""
APPLY_NOTE = "about a minute and a half: the AWS provider waits 25 s for every queue, also here"
CHANGE_NOTE = "up to a minute: Terraform reads every resource before it says what changes"
BACKUP_NOTE = "Firehose collects events for 60 s, then writes one object"
INDEX_NOTE = "what the index rejects waits 60 s more for its bucket: Firehose allows no shorter buffer there"
QUERIES = ("orders_by_payment_method", "events_per_type_and_hour")


@dataclass
class Walk:
    """One walk through one example.

    Attributes:
        workspace: the example's configuration, not applied yet.
        name: the example's variable `name`, the begin of all names.
        samples: what to place.
        show: where progress and tables go.
        archive_replay: whether the backup is replayed as well.
        before_destroy: what else is to be looked at while the shop stands.
    """

    bench: Bench
    workspace: Workspace
    name: str
    samples: Sequence[Sample]
    show: Show
    archive_replay: bool = True
    before_destroy: Callable[[Shop], None] = lambda _: None

    def run(self, *, keep: bool = False) -> Seen:
        """All of it. With `keep` the example stays applied."""
        shop = self._apply()
        answers = self._place(shop)
        archive = self._archive(shop, answers)
        search = self._search(shop, archive)
        queries = self._queries(shop)
        healing = self._heal(shop, archive)
        archive_replay = self._replay_from_archive(shop) if self.archive_replay else None
        self._report(shop)
        with self.show.step("second_plan", "terraform plan: is anything left to change?", note=CHANGE_NOTE):
            applied = Applied(
                resources=self.workspace.resources(),
                second_plan=self.workspace.planned_changes(),
                in_account=resources_named(self.bench.client, self.name),
            )
        self.before_destroy(shop)
        destroyed = None if keep else self._destroy(shop)
        self.show.terraform(applied, destroyed)
        return Seen(answers, archive, queries, search, healing, archive_replay, applied, destroyed, self.show.seconds)

    def shop(self) -> Shop:
        """Where the parts of the applied example are."""
        return Shop.of(self.name, self.workspace.output(), self.bench.environment()["AWS_ENDPOINT_URL"])

    # -- the steps -------------------------------------------------------------------------------------------------

    def _apply(self) -> Shop:
        with self.show.step("apply", "terraform apply examples/ecommerce", note=APPLY_NOTE) as step:
            self._change(step)
        return self.shop()

    def _place(self, shop: Shop) -> list[Answer]:
        """Most orders while checkout is sound, then the others while its bug is on."""
        sound = round(len(self.samples) * BEFORE_BUG)
        with self.show.step("orders", f"placing {sound} orders", total=sound) as step:
            answers = place(shop.orders_url, self.samples[:sound], step.advance)
            self._wait_for_rows(shop, answers)
        with self.show.step("bug", "terraform apply: bug_enabled = true", note=CHANGE_NOTE) as step:
            self._change(step, bug_enabled=True)
        others = len(self.samples) - sound
        with self.show.step("orders_with_bug", f"placing {others} more orders", total=others) as step:
            answers += place(shop.orders_url, self.samples[sound:], step.advance)
            self._wait_for_rows(shop, answers)
        self.show.answers(answers)
        return answers

    def _archive(self, shop: Shop, answers: Sequence[Answer]) -> Archive:
        accepted = {answer.order_id for answer in answers if answer.status == 201}
        reader = ArchiveReader(self.bench.client("s3"), shop.backup_bucket)
        with self.show.step("backup", "waiting for Firehose to write the backup", len(accepted), BACKUP_NOTE) as step:

            def complete(archive: Archive) -> bool:
                found = {order["id"] for order in archive.orders}
                step.advance(len(found))
                return accepted <= found

            archive = until(reader.read, complete, DELIVERY_LIMIT)
        self.show.backup(archive, [number for answer in answers for number in answer.sample.card_numbers])
        return archive

    def _search(self, shop: Shop, archive: Archive) -> Search:
        expected, unindexable = expected_ids(archive), unindexable_ids(archive)
        index = Index(self.bench.opensearch_url, shop.index)
        s3 = self.bench.client("s3")
        total = len(expected) + len(unindexable)
        with self.show.step("index", "waiting for index and rejected orders", total, INDEX_NOTE) as step:

            def look() -> Search:
                return Search(index.documents(), rejected_documents(s3, shop.rejected_bucket))

            def complete(search: Search) -> bool:
                step.advance(len(search.ids) + len(search.rejected_ids))
                return expected <= search.ids and unindexable <= search.rejected_ids

            search = until(look, complete, DELIVERY_LIMIT)
        self.show.search(search, index.figures(), expected)
        return search

    def _queries(self, shop: Shop) -> dict[str, QueryResult]:
        athena = Athena(self.bench.client)
        found = {name: athena.run_named_query(shop.named_queries[name]) for name in QUERIES}
        for name, result in found.items():
            self.show.query(name, result)
        return found

    def _heal(self, shop: Shop, archive: Archive) -> Healing:
        sqs = self.bench.client("sqs")
        rows_before, waiting_before = self._rows(shop), queue_depth(sqs, shop.replay_queue)
        with self.show.step("fix", "terraform apply: bug off, replay_enabled = true", note=CHANGE_NOTE) as step:
            self._change(step, bug_enabled=False, replay_enabled=True)
        with self.show.step("replay", "replaying", total=waiting_before) as step:

            def look() -> tuple[int, dict[str, Row]]:
                return queue_depth(sqs, shop.replay_queue), self._rows(shop)

            def complete(found: tuple[int, dict[str, Row]]) -> bool:
                waiting, rows = found
                step.advance(waiting_before - waiting)
                return waiting == 0 and not wrong_rows(rows, archive.orders)

            waiting_after, rows_after = until(look, complete, REPLAY_LIMIT)
        dead_letters = {fork: queue_depth(sqs, url) for fork, url in shop.dead_letter_queues.items()}
        healing = Healing(rows_before, rows_after, waiting_before, waiting_after, dead_letters)
        self.show.healing(healing, archive)
        return healing

    def _replay_from_archive(self, shop: Shop) -> ArchiveReplay:
        with self.show.step("replay_off", "terraform apply: replay_enabled = false", note=CHANGE_NOTE) as step:
            self._change(step, replay_enabled=False)
        event_fork, sqs = EventFork(self.bench), self.bench.client("sqs")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plan.json"
            with self.show.step("archive_plan", "event-fork replay plan: what the backup holds; sends nothing"):
                plan = event_fork.plan(shop.backup_bucket, shop.checkout_queue, file)
            planned, replay = plan["totals"]["events"], plan["replay_id"]
            with self.show.step("archive_replay", "event-fork replay apply: sends exactly that", planned) as step:
                event_fork.apply(file)

                def look() -> tuple[dict[str, Any], int]:
                    return event_fork.status(replay), queue_depth(sqs, shop.checkout_queue)

                def complete(found: tuple[dict[str, Any], int]) -> bool:
                    status, waiting = found
                    step.advance(status["sent"])
                    return status["state"] in ("done", "incomplete", "cancelled") and waiting == 0

                status, _ = until(look, complete, REPLAY_LIMIT)
        found = ArchiveReplay(planned, status["sent"], status["state"], self._rows(shop))
        self.show.archive_replay(found)
        return found

    def _report(self, shop: Shop) -> None:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        with self.show.step("page", "event-fork report: what became of the events, as a page"):
            EventFork(self.bench).report(shop.topic, shop.backup_bucket, PAGE)
        self.show.page(PAGE)

    def _destroy(self, shop: Shop) -> Destroyed:
        with self.show.step("destroy", "terraform destroy") as step:
            self.workspace.destroy(lambda at: step.advance(at.done, at.total))
        Index(self.bench.opensearch_url, shop.index).delete()  # documents are the domain's, not the example's
        return Destroyed(self.workspace.resources(), resources_named(self.bench.client, self.name))

    # -- what several steps need -----------------------------------------------------------------------------------

    def _change(self, step: Step, **variables: bool) -> None:
        """Apply, with these variables from now on."""
        self.workspace.variables.update(variables)
        self.workspace.apply(lambda at: step.advance(at.done, at.total))

    def _rows(self, shop: Shop) -> dict[str, Row]:
        return table_rows(self.bench.client("dynamodb"), shop.table)

    def _wait_for_rows(self, shop: Shop, answers: Sequence[Answer]) -> None:
        """Until checkout has them all: what waits in its queue would be kept by the next release of the function."""
        accepted = {answer.order_id for answer in answers if answer.status == 201}
        until(lambda: set(self._rows(shop)), lambda found: accepted <= found, CHECKOUT_LIMIT)
