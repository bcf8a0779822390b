"""The entry point: commands, exit codes, and every error as one sentence on stderr."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from event_fork.errors import CallFailedError, EventForkError
from event_fork.filter_policy import InvalidFilterPolicyError
from event_fork_cli.commands.replay import replay
from event_fork_cli.errors import BAD_INPUT, DONE, FAILED, CliError
from event_fork_cli.output import say

app = typer.Typer(
    name="event-fork",
    help="Operate the pipelines of Event Fork Pipelines for Terraform.\n\n"
    "Exit codes: 0 done, 1 failed, 2 bad input, 3 nothing matched.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(replay, name="replay")


@app.callback()
def _root() -> None:
    """Makes `replay` a command group even while it is the only one."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line (without the program's name; None: this process's); the exit code."""
    try:
        typer.main.get_command(app).main(args=None if arguments is None else list(arguments), prog_name="event-fork")
    except SystemExit as stop:
        # Help, wrong options (2) and Ctrl-C (1): already told.
        return stop.code if isinstance(stop.code, int) else DONE
    except CliError as error:
        say(f"event-fork: {error}")
        return error.exit_code
    except InvalidFilterPolicyError as error:
        say(f"event-fork: {error}")
        return BAD_INPUT
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        say(f"event-fork: {sentence}")
        return BAD_INPUT if isinstance(error, ProfileNotFound) else FAILED
    return DONE


def main() -> NoReturn:
    """What the installed command calls."""
    sys.exit(run())


def _sentence(error: Exception) -> str | None:
    """What AWS or the archive says, in one sentence; None for what is a fault of this program."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"AWS refused {error.operation_name}: {details.get('Code', 'Unknown')}: {details.get('Message', '')}"
    if isinstance(error, CallFailedError):
        return f"AWS refused a call: {error}"
    if isinstance(error, BotoCoreError | EventForkError):
        return str(error)
    return None
