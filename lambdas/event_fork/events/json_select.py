"""The values that a path selects in JSON that was read. json_search.py finds their places in the text instead."""

from collections.abc import Iterable, Iterator

from event_fork.events.json_path import Descendant, EveryChild, JsonPath, Member, Step


def selected(value: object, path: JsonPath) -> list[object]:
    """The values the path leads to. Linear in the size of the value for each step, however deep it is nested."""
    found: list[object] = [value]
    for step in path:
        found = one_step(found, step)
    return found


def one_step(values: Iterable[object], step: Step) -> list[object]:
    """The values to which the step leads from those."""
    parents = below(values) if isinstance(step, Descendant) else values
    if isinstance(step, Member) and not step.by_prefix:  # asked for instead of looked for among all members
        name = step.name
        return [parent[name] for parent in parents if isinstance(parent, dict) and name in parent]
    if isinstance(step, EveryChild):
        return [child for parent in parents for child in _all(parent)]
    return [child for parent in parents for name, child in children(parent) if step.selects(name)]


def below(values: Iterable[object]) -> Iterator[object]:
    """The objects and lists among the values and in them, each once."""
    left = list(values)
    seen: set[int] = set()
    while left:
        value = left.pop()
        if isinstance(value, dict | list) and id(value) not in seen:
            seen.add(id(value))
            yield value
            left += value.values() if isinstance(value, dict) else value


def _all(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def children(value: object) -> Iterable[tuple[str | int, object]]:
    """Name or index, and value, of what an object or a list has; nothing of anything else."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
