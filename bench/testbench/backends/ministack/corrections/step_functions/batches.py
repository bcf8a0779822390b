"""What the children of a Map Run get: ItemReader's items, grouped by ItemBatcher.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.ministack.corrections.step_functions import state_machine_role
from testbench.backends.ministack.corrections.step_functions.execution_error import execution_error
from testbench.backends.ministack.corrections.step_functions.settings import State

MAX_CHILD_INPUT_BYTES = 262_144
"""A state's input; AWS cuts a batch so that it fits, whatever MaxItemsPerBatch says."""


def read_items(state: State) -> list[Any]:
    """The dataset. Raises the execution error States.ItemReaderFailed when it cannot be read."""
    reader = state.definition.get("ItemReader")
    if reader is None:
        return _items_of_the_input(state)
    if (reader.get("ReaderConfig") or {}).get("InputType") == "JSONL" and reader["Resource"].endswith("s3:getObject"):
        items = json_lines(_object_text(state.resolve(reader.get("Parameters") or {})))
        limit = state.whole_number("MaxItems", reader["ReaderConfig"])
        return items[:limit] if limit else items
    found = hooks.service("stepfunctions")._read_map_items(reader, state.effective, state.context)
    return found if isinstance(found, list) else [found]


def json_lines(text: str) -> list[Any]:
    """One value a line. Only LF ends a line: U+2028 and its like are legal inside a JSON string."""
    items = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            items.append(json.loads(line))
        except ValueError as error:
            raise execution_error("States.ItemReaderFailed", f"line {number} is not JSON: {error}") from error
    return items


def child_inputs(state: State, items: Sequence[Any]) -> Iterator[tuple[Any, int]]:
    """The input of each child and the number of items in it."""
    batcher = state.definition.get("ItemBatcher")
    if batcher is None:
        yield from ((item, 1) for item in items)
        return
    shared = state.resolve(batcher["BatchInput"]) if "BatchInput" in batcher else None
    most = state.whole_number("MaxItemsPerBatch", batcher) or len(items)
    most_bytes = state.whole_number("MaxInputBytesPerBatch", batcher) or MAX_CHILD_INPUT_BYTES
    for batch in group(items, most, most_bytes - _size(shared)):
        yield ({"Items": batch} if shared is None else {"BatchInput": shared, "Items": batch}), len(batch)


def group(items: Sequence[Any], most: int, most_bytes: int) -> Iterator[list[Any]]:
    """Consecutive items, at most `most` and `most_bytes` of JSON; one that is larger is alone."""
    batch: list[Any] = []
    total = 0
    for item in items:
        size = _size(item) + 1
        if batch and (len(batch) == most or total + size > most_bytes):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size
    if batch:
        yield batch


def _items_of_the_input(state: State) -> list[Any]:
    path = state.definition.get("ItemsPath", "$")
    found = hooks.service("stepfunctions")._resolve_path_or_ctx(path, state.effective, state.context)
    return found if isinstance(found, list) else [found]


def _object_text(parameters: Any) -> str:
    bucket, key = parameters.get("Bucket"), parameters.get("Key")
    state_machine_role.require("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", "States.ItemReaderFailed")
    text: str = hooks.service("stepfunctions")._s3_object_text(bucket, key)
    return text


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")).encode())
