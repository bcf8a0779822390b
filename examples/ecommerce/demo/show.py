"""What the demo puts on the screen: progress of each step, and tables of what was read back."""

import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from examples.ecommerce.demo.place import Answer
from examples.ecommerce.demo.read_archive import Archive
from examples.ecommerce.demo.read_checkout import wrong_rows
from examples.ecommerce.demo.read_index import Figures
from examples.ecommerce.demo.seen import Applied, ArchiveReplay, Destroyed, Healing, Search
from examples.ecommerce.demo.shop import Shop
from testbench.athena import QueryResult

ROWS = 5
"""Rows shown of what may be long."""
SECONDS_BETWEEN_LINES = 10.0
"""Where the output is no terminal, a bar cannot move: a line says how far a step is."""


@dataclass
class Step:
    """One step on the screen."""

    _progress: Progress
    _task: TaskID
    _said: float

    def advance(self, done: int, total: int | None = None) -> None:
        """Say how far it is; the total may become known on the way."""
        self._progress.update(self._task, completed=done, total=total)
        known = self._progress.tasks[0].total
        count = f"{done}/{known:.0f}" if known else str(done)
        self._progress.update(self._task, count=count)
        if not self._progress.console.is_terminal and time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._progress.console.print(f"  {count}", highlight=False)


class Show:
    """The screen. `seconds` has what each step took, by its key."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, key: str, title: str, total: int | None = None, note: str = "") -> Iterator[Step]:
        """A bar with counts and elapsed time while the step runs; its end stays on the screen.

        `note` says beforehand why it takes as long as it does.
        """
        began = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"{title} ...")
        if note:
            self._console.print(f"  [dim]{note}[/]", highlight=False)
        columns = (
            SpinnerColumn(finished_text="*"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(title, total=total, count="")
            try:
                yield Step(progress, task, began)
            except BaseException:
                progress.update(task, description=f"{title} [red]broken off[/]")
                raise
            progress.update(task, description=f"{title} [green]done[/]")
            if progress.tasks[0].total is None:
                progress.update(task, completed=1, total=1)
        self.seconds[key] = time.monotonic() - began

    def line(self, part: str, message: str) -> None:
        """One line of progress of a part of the bench."""
        self._console.print(f"  {part:<11} {message}", highlight=False)

    def answers(self, answers: Sequence[Answer]) -> None:
        """How many orders were accepted, and each refusal with its field."""
        table = _table("Refused orders: nothing of them was published", "wrong field", "HTTP", "answer")
        for answer in answers:
            if answer.sample.wrong_field:
                field, reason = answer.refusals[0] if answer.refusals else ("", str(answer.body))
                table.add_row(answer.sample.wrong_field, str(answer.status), escape(f"{field} {reason}".strip()))
        self._console.print(table)
        counts = Counter(answer.status for answer in answers)
        said = ", ".join(f"{count} x HTTP {status}" for status, count in sorted(counts.items()))
        self._console.print(f"{len(answers)} orders placed: {said}\n")

    def backup(self, archive: Archive, card_numbers: Collection[str]) -> None:
        """The objects, and that no card number is in them."""
        table = _table("Backup in S3", "object", "events", "compression", "encryption")
        for stored in archive.objects:
            table.add_row(stored.key, str(len(stored.envelopes)), stored.compression, stored.encryption)
        self._console.print(table)
        found = len(archive.card_data(card_numbers))
        self._console.print(f"{len(card_numbers)} card numbers and all card fields searched in it: {found} found\n")

    def query(self, name: str, result: QueryResult) -> None:
        """The rows of an Athena query."""
        read = f"{len(result.objects)} objects, {result.bytes_scanned} bytes"
        table = _table(f"Athena, named query {name}: read {read}", *result.columns)
        for row in result.rows:
            table.add_row(*(str(value) for value in row))
        self._console.print(table)

    def search(self, search: Search, figures: Figures, expected: Collection[str]) -> None:
        """Figures of the index, and the orders it rejected."""
        table = _table(f"Search: {figures.orders} orders in the index, {len(expected)} expected", "what", "figure")
        table.add_row("average amount", f"{figures.average_amount:.2f} USD")
        for kind, counts in (("product", figures.products), ("paid by", figures.payment_methods)):
            for name, count in counts:
                table.add_row(f"{kind} {name}", str(count))
        self._console.print(table)
        table = _table("Rejected by the index, kept in a bucket of their own", "order", "HTTP", "reason")
        for rejected in search.rejected:
            table.add_row(rejected.order["id"], rejected.error_code, escape(rejected.reason.splitlines()[0]))
        self._console.print(table)

    def healing(self, healing: Healing, archive: Archive) -> None:
        """Some rows that the bug corrupted, before and after the replay."""
        orders = archive.orders
        wrong_before, wrong_after = wrong_rows(healing.rows_before, orders), wrong_rows(healing.rows_after, orders)
        title = f"CheckoutTable: {len(wrong_before)} wrong rows before the replay, {len(wrong_after)} after it"
        table = _table(title, "order", "amount placed", "with the bug", "after the replay")
        amounts = {order["id"]: Decimal(order["amount"]) for order in orders}
        for name in sorted(wrong_before)[:ROWS]:
            table.add_row(name, f"{amounts[name]:.2f}", _row(healing.rows_before, name), _row(healing.rows_after, name))
        self._console.print(table)
        self._console.print(f"{healing.replayed} orders left the replay queue for CheckoutQueue\n")

    def archive_replay(self, found: ArchiveReplay) -> None:
        """What event-fork planned and sent."""
        said = f"event-fork planned {found.planned} orders of the backup and sent {found.sent} to CheckoutQueue"
        self._console.print(f"{said}: {found.state}\n")

    def page(self, file: Path) -> None:
        """Where the page is that event-fork wrote."""
        self._console.print(f"{_shown(file)}: open it in a browser\n", highlight=False)

    def terraform(self, applied: Applied, destroyed: Destroyed | None) -> None:
        """Resources, the second plan, the destroy."""
        plan = f"{len(applied.second_plan) or 'no'} changes"
        end = "kept" if destroyed is None else f"destroyed, {len(destroyed.in_state + destroyed.in_account)} left"
        self._console.print(f"Terraform: {len(applied.resources)} resources, second plan: {plan}, {end}\n")

    def end(self, report: dict[str, Any], file: Path, broken: Sequence[str]) -> None:
        """The report, and the verdict in a sentence."""
        self._console.print_json(data=report)
        self._console.print(f"written to {_shown(file)}", highlight=False)
        for sentence in broken:
            self._console.print(f"[red]broken promise:[/] {escape(sentence)}", highlight=False)
        if not broken:
            self._console.print("[green]every promise held[/]: each figure was read back from S3, the index, the table")

    def next_steps(self) -> None:
        """Where to go from here, when nothing goes on running."""
        self._console.print(
            """
Everything is destroyed and stopped. Next:
  make demo KEEP=1                 the same, left running, with commands to look around
  examples/ecommerce/README.md     the same steps on AWS, one by one
  README.md                        module blocks for a topic of your own""",
            markup=False,
            highlight=False,
        )

    def kept(self, state: Path, shop: Shop, workspace: Path) -> None:
        """How to look around in what goes on running, and how to stop it."""
        python = f"{_shown(Path(sys.executable))} -m"
        event_fork = _shown(Path(sys.executable).with_name("event-fork"))
        archive, queue = f"--archive s3://{shop.backup_bucket}/", shop.checkout_queue.rpartition("/")[2]
        self._console.print(
            f"""
The example goes on running. In a shell, in this folder:
  eval "$({python} testbench env --state {_shown(state)})"     # any AWS SDK then talks to it
  {python} testbench aws --state {_shown(state)} s3 ls --recursive s3://{shop.backup_bucket}/     # the backup
  {event_fork} replay plan {archive} --from 2h --target {queue} --out plan.json     # sends nothing
  {event_fork} replay apply plan.json     # sends exactly that
  {event_fork} replay list     # what was replayed
  curl -i -H 'Content-Type: application/json' -d '{{}}' {shop.orders_url}     # no order: refused, each field named
  curl "$OPENSEARCH_URL/{shop.index}-*/_search?pretty&size=1"     # an order in the index
  {python} testbench terraform -chdir={_shown(workspace)} output     # names of buckets, queues, table, ...
  {python} testbench logs --state {_shown(state)}     # what the parts of the bench wrote
Stop it, and with it everything that was made (`make clean` removes its files too):
  {python} testbench down --state {_shown(state)}""",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def failed(self, reason: str, state: Path, *, running: bool) -> None:
        """What went wrong, what is left of it, and where to look."""
        self._console.print(f"[red]the demo did not end:[/] {escape(reason)}", highlight=False)
        if running:
            python = f"{_shown(Path(sys.executable))} -m"
            self._console.print("the bench goes on running; stop it, and with it everything that was made:")
            self._console.print(f"  {python} testbench down --state {_shown(state)}", highlight=False, soft_wrap=True)
        else:
            self._console.print("nothing goes on running, and what was applied is gone with the bench")
        self._console.print(f"logs of the bench: {_shown(state)}/*.log", highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(rows: dict[str, dict[str, Any]], name: str) -> str:
    row = rows.get(name)
    return f"{row['amount']} {row['status']}" if row else "no row"


def _shown(path: Path) -> Path:
    """Relative to the current folder where it lies in it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
