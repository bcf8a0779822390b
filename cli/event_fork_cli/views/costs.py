"""What a month costs on each way, as a table, as JSON and as CSV."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from event_fork_cli.costs import prices
from event_fork_cli.costs.ways import Way, Workload, recommended

_SERVICES = ("SQS", "SNS", "Lambda", "Firehose", "S3", "CloudWatch", "replay")


def bill(load: Workload, found: Sequence[Way]) -> dict[str, Any]:
    """Every quantity and every dollar."""
    way, why = recommended(found)
    return {
        "events_per_month": load.events,
        "size": load.size,
        "prices": f"{prices.REGION}, {prices.AS_OF}",
        "ways": [{"name": each.name, "dollars": round(each.dollars, 4), "items": each.items} for each in found],
        "recommended": way.name,
        "why": why,
    }


def rows(found: Sequence[Way]) -> list[dict[str, Any]]:
    """One line for each way."""
    return [{"way": way.name, "dollars": round(way.dollars, 4), **_by_service(way)} for way in found]


def bill_view(load: Workload, found: Sequence[Way]) -> RenderableType:
    """One line for each way, and what is recommended."""
    title = f"{load.events:,} events of {load.size:,} bytes a month: dollars, {prices.REGION}, {prices.AS_OF}"
    table = Table(title=title, title_justify="left")
    table.add_column("way", overflow="fold")
    for name in (*_SERVICES, "sum"):
        table.add_column(name, justify="right")
    for way in found:
        services = _by_service(way)
        table.add_row(way.name, *(_dollars(services[name]) for name in _SERVICES), _dollars(way.dollars))
    way, why = recommended(found)
    return Group(table, f"recommended: {way.name}. {why[0].upper()}{why[1:]}.")


def _by_service(way: Way) -> dict[str, float]:
    return {name: round(sum(item.dollars for item in way.items if item.service == name), 4) for name in _SERVICES}


def _dollars(amount: float) -> str:
    return "-" if not amount else "< 0.01" if amount < 0.01 else f"{amount:,.2f}"
