"""Who still owes what: a record is finished when every output made of it is settled, and only then forgotten."""

from collections.abc import Iterable, Mapping
from typing import Any

from local_firehose.records import RECORD_OVERHEAD, Item, Record
from local_firehose.shares import Budget
from local_firehose.store import Store


class Ledger:
    """Bookkeeping of one stream: outputs per record, memory charged, what the store may forget."""

    def __init__(self, budget: Budget, store: Store) -> None:
        self._budget = budget
        self._store = store
        self.charged = 0
        self.records = 0

    def accepted(self, records: Iterable[Record]) -> None:
        """Records whose cost was taken from the budget have come in."""
        for record in records:
            self.charged += record.cost
            self.records += 1

    def another_output(self, record: Record) -> Item:
        """A second way out for the whole record (the raw backup)."""
        record.outputs += 1
        return Item.of(record)

    def derive(
        self,
        item: Item,
        data: bytes,
        *,
        from_lambda: Mapping[str, Any] | None = None,
        from_query: Mapping[str, str] | None = None,
    ) -> Item:
        """What a stage made of an item; takes the item's place."""
        derived = Item(
            item.record,
            data,
            item.source,
            item.sub,
            from_lambda if from_lambda is not None else item.from_lambda,
            from_query if from_query is not None else item.from_query,
        )
        self._charge(self._own_bytes(derived) - self._own_bytes(item))
        item.done = True
        return derived

    def split(self, item: Item, parts: list[bytes]) -> list[Item]:
        """Several items in place of one, numbered from 0; none means the item is settled."""
        if not parts:
            self.settle([item])
            return []
        item.record.outputs += len(parts) - 1
        made = [Item(item.record, part, part, number) for number, part in enumerate(parts)]
        self._charge(sum(self._own_bytes(one) for one in made) - self._own_bytes(item))
        item.done = True
        return made

    def settle(self, items: Iterable[Item]) -> None:
        """The items reached an output (or were dropped on purpose): finished records are forgotten."""
        finished: list[int] = []
        for item in items:
            item.done = True
            self._charge(-self._own_bytes(item))
            record = item.record
            record.outputs -= 1
            if record.outputs == 0:
                finished.append(record.sequence)
                self._charge(-record.cost)
                self.records -= 1
        if finished:
            self._store.forget(finished)

    def abandon(self) -> None:
        """The stream is gone with everything it still had."""
        self._charge(-self.charged)
        self.records = 0

    def _own_bytes(self, item: Item) -> int:
        known = item.record.data
        own = _size(item.from_lambda) + _size(item.from_query)
        if item.source is not known:  # a sub-record
            own += len(item.source) + RECORD_OVERHEAD
        return own if item.data is item.source or item.data is known else own + len(item.data)

    def _charge(self, cost: int) -> None:
        self.charged += cost
        self._budget.charge(cost)


def _size(keys: Mapping[str, Any] | None) -> int:
    return sum(len(name) + len(str(value)) for name, value in keys.items()) if keys else 0
