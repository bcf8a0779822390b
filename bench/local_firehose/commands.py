"""``faults`` sub-commands for a Typer application (``python -m testbench faults ...``).

``application.add_typer(faults_app(find_url), name="faults")`` plugs them in; ``find_url`` gives the server's address
for the folder named with ``--state``.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from local_firehose.client import FirehoseControl


def faults_app(find_url: Callable[[Path], str], default_state: Path) -> typer.Typer:
    """The sub-application. Data goes to stdout, one line per thing."""
    app = typer.Typer(no_args_is_help=True, help="Make the local Data Firehose fail, and move its clock.")
    state_option = typer.Option("--state", metavar="DIR", help="Folder of the bench.")
    stream_option = typer.Option("--stream", help="Only this stream; all when left out.")

    @app.command()
    def points() -> None:
        """Where faults can be armed, with their options and defaults."""
        from local_firehose.faults import POINTS

        for name, point in POINTS.items():
            options = " ".join(f"{key}={json.dumps(value)}" for key, value in point.options.items())
            typer.echo(f"{name}: {point.chance}" + (f"\n    {options}" if options else ""))

    @app.command("list")
    def armed(state: Annotated[Path, state_option] = default_state) -> None:
        """What is armed, and how often it hit."""
        for fault in FirehoseControl(find_url(state)).armed():
            typer.echo(json.dumps(fault))

    @app.command()
    def arm(
        point: Annotated[str, typer.Argument(help="One of `faults points`.")],
        options: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE options of the point.")] = None,
        stream: Annotated[str, stream_option] = "",
        times: Annotated[int | None, typer.Option(min=1, help="Hit so many chances, then rest.")] = None,
        rate: Annotated[float | None, typer.Option(help="Hit each chance with this probability.")] = None,
        seconds: Annotated[float | None, typer.Option(help="Rest after so many seconds of the bench clock.")] = None,
        state: Annotated[Path, state_option] = default_state,
    ) -> None:
        """Arm a fault, e.g. `arm s3 code=NoSuchBucket --times 3`; prints its id."""
        wanted: dict[str, Any] = {"stream": stream, "times": times, "rate": rate, "seconds": seconds}
        given = {name: value for name, value in wanted.items() if value not in ("", None)}
        typer.echo(FirehoseControl(find_url(state)).arm(point, **given, **dict(map(_option, options or []))))

    @app.command()
    def disarm(
        fault_id: Annotated[str, typer.Argument(help="An id that `arm` printed; all when left out.")] = "",
        state: Annotated[Path, state_option] = default_state,
    ) -> None:
        """Take a fault away, or all."""
        FirehoseControl(find_url(state)).disarm(fault_id)

    @app.command()
    def clock(
        speed: Annotated[float | None, typer.Option(help="Waits run so many times faster; 0 freezes them.")] = None,
        offset_seconds: Annotated[float | None, typer.Option(help="Timestamps are so much ahead of now.")] = None,
        advance_seconds: Annotated[float | None, typer.Option(help="Let so much pass at once for waits.")] = None,
        state: Annotated[Path, state_option] = default_state,
    ) -> None:
        """Show or change the clock that buffers, retries and state changes wait for."""
        wanted = {"speed": speed, "offset_seconds": offset_seconds, "advance_seconds": advance_seconds}
        changes = {name: value for name, value in wanted.items() if value is not None}
        typer.echo(json.dumps(FirehoseControl(find_url(state)).clock(**changes)))

    @app.command()
    def streams(
        stream: Annotated[str, stream_option] = "", state: Annotated[Path, state_option] = default_state
    ) -> None:
        """What waits in the buffers."""
        for one in FirehoseControl(find_url(state)).streams(stream):
            typer.echo(json.dumps(one))

    @app.command()
    def flush(stream: Annotated[str, stream_option] = "", state: Annotated[Path, state_option] = default_state) -> None:
        """Deliver what is buffered now."""
        FirehoseControl(find_url(state)).flush(stream)

    return app


def _option(text: str) -> tuple[str, Any]:
    """``status=403`` -> ("status", 403); what is not JSON is text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
