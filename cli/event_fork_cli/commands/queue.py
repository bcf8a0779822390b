"""event-fork replay queue."""

import typer

queue = typer.Typer(help="Replay from the 14-day queue of modules/replay.", no_args_is_help=True, rich_markup_mode=None)
