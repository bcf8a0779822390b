"""What lies in an archive where nothing was found: days, types, times, and a name that is spelt nearly the same."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC
from difflib import get_close_matches
from itertools import islice

from event_fork.archive.errors import ArchiveError
from event_fork.archive.listing import BUFFER_ALLOWANCE, Reach, begun_at, day_folders, needed_objects
from event_fork.archive.raw_lines import ENVELOPES, RAW_LINES
from event_fork.archive.selection import SelectedEvent
from event_fork.archive.store import BrowsableStore
from event_fork.events.time_window import EVER
from event_fork_cli.archive_replay.inspection import sampled

_OBJECTS = 5
_MOST_TYPES = 5
_ZONE = "a stream with a time zone of its own, for example --layout auto@Asia/Tokyo,"


def what_is_there(
    store: BrowsableStore, reach: Reach, attribute: str, wanted_types: Collection[str], line_form: str = ENVELOPES
) -> str:
    """One sentence, from the folders or from the first five objects that the window needs."""
    objects = list(islice(needed_objects(store, reach), _OBJECTS))
    if not objects:
        return _days(store, reach)
    types: Counter[str | None] = Counter()
    times: list[str] = []
    apart: set[bool] = set()
    for listed in objects:
        begun = begun_at(listed.key, reach.layout.zone)
        try:
            for found in sampled(store, listed, attribute, line_form)[1]:
                if isinstance(found, SelectedEvent):
                    types[found.event_type] += 1
                    times.append(found.timestamp)
                    apart.add(begun is not None and abs(begun - found.event.published_at) > BUFFER_ALLOWANCE)
        except ArchiveError:
            continue  # the plan has named it
    if not types:
        hint = "" if line_form == RAW_LINES else " (lines that are messages alone need --raw)"
        return f"its first objects hold no event that can be read{hint}"
    named = ", ".join(f"{kind or 'no type'} ({count:,})" for kind, count in types.most_common(_MOST_TYPES))
    known = {kind.casefold(): kind for kind in types if kind}
    near = [known[one] for wanted in wanted_types for one in get_close_matches(wanted.casefold(), known, n=1)]
    hint = f"; did you mean --event-type {near[0]}?" if near and near[0] not in wanted_types else ""
    if apart == {True}:
        hint += f"; the names of these objects tell other times, as {_ZONE} has them"
    return f"its first {len(objects)} objects hold {named}, published from {min(times)} to {max(times)}{hint}"


def _days(store: BrowsableStore, reach: Reach) -> str:
    found = [day.rstrip("/") for day in day_folders(store, reach.prefix, reach.layout, EVER.start, EVER.end)]
    if not found:
        return f'it has no folders "{reach.layout}"'
    where = "in UTC" if reach.layout.zone == UTC else f"in {reach.layout.zone}"
    return f"it has folders from {found[0]} to {found[-1]}, which were taken for times {where} ({_ZONE} has others)"
