"""The ids of events by SQL over the archive, for a replay of just these."""

from collections.abc import Callable
from functools import partial

from event_fork.archive.listing import Reach
from event_fork.archive.store import BrowsableStore
from event_fork_cli.errors import BadInputError, NothingMatchedError
from event_fork_cli.search.query import ExportOrder, query

_ID_COLUMN = "event_id"


def ids_by_sql(
    sql: str,
    *,
    processes: int,
    open_store: Callable[[], BrowsableStore],
    reach: Reach,
    event_type_attribute: str,
    lines: str,
) -> list[str]:
    """The values of the column event_id of the answer. Raises BadInputError, NothingMatchedError."""
    order = partial(ExportOrder, open_store, reach.window, event_type_attribute, lines=lines)
    answer = query(sql, order, reach, processes, lambda _: None)
    if _ID_COLUMN not in answer.columns:
        example = "--sql \"SELECT event_id FROM events WHERE event_type = 'order.placed'\""
        raise BadInputError("--sql", f"must give a column {_ID_COLUMN}", example=example, received=sql)
    place = answer.columns.index(_ID_COLUMN)
    if not answer.rows:
        raise NothingMatchedError(f"the query of --sql gives none of the {answer.events:,} events of the window")
    return [str(row[place]) for row in answer.rows]
