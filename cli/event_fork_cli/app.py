"""The entry point: commands, exit codes, and every error as one sentence on stderr."""

import sys
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from event_fork.archive.layout import WORK_AREAS
from event_fork.errors import CallFailedError, EventForkError
from event_fork.filter_policy import InvalidFilterPolicyError
from event_fork_cli.commands.archive import archive
from event_fork_cli.commands.cost import cost
from event_fork_cli.commands.dead_letters import dead_letters
from event_fork_cli.commands.filter import filters
from event_fork_cli.commands.find import find
from event_fork_cli.commands.rejected import rejected
from event_fork_cli.commands.replay import replay
from event_fork_cli.commands.report import report
from event_fork_cli.commands.search import search
from event_fork_cli.commands.verify import verify
from event_fork_cli.errors import BAD_INPUT, DONE, FAILED, BadInputError, CliError
from event_fork_cli.output import say

_DENIED = {"AccessDenied", "403"}
_NEEDS = {
    "HeadBucket": "s3:ListBucket on the bucket",
    "ListObjectsV2": "s3:ListBucket on the bucket",
    "GetObject": "s3:GetObject and s3:GetObjectVersion, and kms:Decrypt where the bucket has a key",
    "PutObject": f"s3:PutObject on {WORK_AREAS}, and kms:GenerateDataKey where the bucket has a key",
    "GetMetricData": "cloudwatch:GetMetricData",
    "GetQueueUrl": "sqs:GetQueueUrl",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
}
_CTRL_C = 130
"""What typer makes of KeyboardInterrupt."""

app = typer.Typer(
    name="event-fork",
    help="Operate the pipelines of Event Fork Pipelines for Terraform.\n\n"
    "Exit codes: 0 done, 1 failed, 2 bad input, 3 nothing matched.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(replay, name="replay")
app.add_typer(archive, name="archive")
app.add_typer(filters, name="filter")
app.add_typer(search, name="search")
app.command()(report)
app.command()(cost)
app.command()(verify)
app.command()(find)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(rejected, name="rejected")


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        print(f"event-fork {version('event-fork-pipelines')}")
    except PackageNotFoundError:
        print("event-fork (not installed, run from its source)")
    raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before every command."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line (without the program's name; None: this process's); the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _refuse_other_than_text(given)
        typer.main.get_command(app).main(args=given, prog_name="event-fork")
    except SystemExit as stop:
        if stop.code == _CTRL_C:
            say("event-fork: interrupted")
            return FAILED
        # Help and wrong options (2): already told.
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
        return FAILED
    return DONE


def main() -> NoReturn:
    """What the installed command calls."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a bar or an accent is no reason to fail, as on stderr
    sys.exit(run())


def _refuse_other_than_text(given: Sequence[str]) -> None:
    """A byte that is no UTF-8 comes in as a lone surrogate, and neither AWS nor a document of ours can hold one."""
    for argument in given:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise BadInputError("every argument", "must be text in UTF-8", example="é", received=argument) from error


def _sentence(error: BaseException) -> str | None:
    """What AWS or the archive says, in one sentence; None for what is a fault of this program."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code, operation = details.get("Code", "Unknown"), error.operation_name
        # Most services name the permission that is missing; S3 says "Access Denied" or, to HEAD, only the status.
        needs = f"; it needs {_NEEDS[operation]}" if code in _DENIED and operation in _NEEDS else ""
        return f"AWS refused {operation}: {code}: {details.get('Message', '')}{needs}"
    if isinstance(error, NoCredentialsError):
        return "there are no AWS credentials: name a profile with --profile or AWS_PROFILE, or log in"
    if isinstance(error, CallFailedError):
        return (_sentence(error.__cause__) if error.__cause__ else None) or f"AWS refused a call: {error}"
    if isinstance(error, BrokenProcessPool):
        return "a process that read the archive was killed, usually because memory ran out: try with --processes 1"
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}"  # no space left, no permission
    if isinstance(error, BotoCoreError | EventForkError):
        return str(error)
    return None
