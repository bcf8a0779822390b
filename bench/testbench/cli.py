"""The bench's command: `python -m testbench up|status|env|down|logs|faults|terraform|aws`.

Data goes to stdout, progress and errors to stderr. Exit codes: 0 done, 1 the bench could not do it (a dead part is
named with the last lines of its log), 2 wrong arguments; `terraform` and `aws` give their own.
"""

import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from typing import Annotated, Any

import typer

from local_firehose.client import FirehoseControlError
from local_firehose.commands import faults_app
from testbench import installing, opensearch, processes
from testbench.aws_cli import aws_command
from testbench.bench import Bench
from testbench.endpoints import ELSEWHERE, Endpoints, elsewhere
from testbench.errors import BenchError, PartDiedError
from testbench.paths import DEFAULT_STATE, PROJECT, RUNS
from testbench.progress import to_stderr
from testbench.terraform import terraform_binary, terraform_environment
from testbench.users import Users

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A local AWS on loopback: the AWS APIs by MiniStack or LocalStack, Firehose, a real OpenSearch. No Docker.",
)

app.add_typer(faults_app(lambda state: Bench.attach(state).firehose_url, DEFAULT_STATE), name="faults")

State = Annotated[
    Path,
    typer.Option(
        "--state",
        metavar="DIR",
        help="Folder that remembers this bench: PID files, logs, endpoints.json. A start empties it.",
        show_default=os.path.relpath(DEFAULT_STATE, PROJECT),
    ),
]


@app.command()
def up(state: State = DEFAULT_STATE) -> None:
    """Start the bench and leave it running. Starting one that runs does nothing.

    IAM and resource policies are enforced as on AWS; BENCH_AUTH=0 in the environment lets every call pass.
    """
    bench = Bench.up(state, to_stderr())
    _print_endpoints(bench.endpoints, state)


@app.command()
def status(state: State = DEFAULT_STATE) -> None:
    """Show each part's health, process, port and memory. Exit code 1 when one is not healthy."""
    found = Endpoints.load(state)
    rows = [("PART", "HEALTH", "PID", "PORT", "MEMORY", "UP")]
    parts = Bench.parts_health(state)
    for part in parts:
        memory = f"{part.memory / 2**20:.0f} MiB" if part.memory else "-"
        up_for = f"{part.seconds_up:.0f} s" if part.healthy else "-"
        rows.append((part.part, part.state, str(part.pid or "-"), str(part.port or "-"), memory, up_for))
    _print_table(rows)
    sick = [part for part in parts if not part.healthy]
    if found is None:
        raise BenchError(f"no bench runs in {_shown(state)}; start one with: {_command('up', state)}")
    if sick:
        raise PartDiedError(sick[0].part, f"is not running ({sick[0].state})", processes.log_tail(state, sick[0].part))


@app.command()
def env(state: State = DEFAULT_STATE) -> None:
    """Print the bench's variables for a shell: eval "$(python -m testbench env)"."""
    variables = Bench.attach(state).environment()
    print("unset " + " ".join(name for name in elsewhere(os.environ) if name not in variables))
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def down(
    state: State = DEFAULT_STATE,
    everything: Annotated[
        bool, typer.Option("--all", help="Stop every bench of this checkout that no running process uses.")
    ] = False,
) -> None:
    """Stop the bench. Only processes that this bench started, and still are what they were, are touched."""
    if not everything:
        _stop(state)
        return
    states = [path for path in sorted(RUNS.glob("*")) if path.is_dir()]
    used = {each: users for each in states if (users := Users(each).present())}
    for each in states:
        if each not in used:
            _stop(each)
    if used:
        left = "; ".join(f"{_shown(each)} by process {', '.join(map(str, users))}" for each, users in used.items())
        raise BenchError(f"left alone, because in use: {left}. `down --state DIR` stops one all the same")


def _stop(state: Path) -> None:
    ended = Bench.down(state)
    print(f"stopped {', '.join(ended)}" if ended else f"no bench was running in {_shown(state)}")


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="ministack, localstack, firehose or opensearch; all when left out.")] = "",
    state: State = DEFAULT_STATE,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines from the end.")] = 40,
) -> None:
    """Print the end of the parts' logs."""
    names = sorted(path.stem for path in state.glob("*.log")) if state.is_dir() else []
    if part and part not in names:
        raise BenchError(f"no log of {part!r} in {_shown(state)}; there is: {', '.join(names) or 'none'}")
    for name in [part] if part else names:
        print(f"==> {_shown(processes.log_file(state, name))} <==")
        print(processes.log_tail(state, name, lines))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def terraform(context: typer.Context) -> None:
    """Run terraform here with a CLI configuration that finds the provider; inside a bench's `env` it talks to that."""
    environment = terraform_environment()
    if "AWS_ENDPOINT_URL" in environment:  # then a profile of the shell is none of the bench's
        environment = {name: value for name, value in environment.items() if name not in ELSEWHERE}
    _become([terraform_binary(), *context.args], environment)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def aws(context: typer.Context) -> None:
    """Run the AWS CLI (the one on PATH, else PyPI's) on the bench: `aws s3 ls`. `--state DIR` may come first."""
    words, state = list(context.args), DEFAULT_STATE
    if words[:1] == ["--state"]:
        if len(words) == 1:
            raise typer.BadParameter("--state needs a folder, such as .bench/run/default")
        state, words = Path(words[1]), words[2:]
    bench = Bench.attach(state)
    _become(aws_command(words, bench.endpoints, to_stderr()), bench.endpoints.within(os.environ))


def _become(argv: list[str], environment: dict[str, str]) -> None:
    sys.stdout.flush()
    os.execve(argv[0], argv, environment)  # noqa: S606


def _print_endpoints(found: Endpoints, state: Path) -> None:
    rows = [("AWS APIs", f"{found.aws_endpoint_url}  ({found.described()})")]
    if found.firehose_url:
        rows.append(("Data Firehose", f"{found.firehose_url}  (control API below /_firehose/)"))
    if found.opensearch_url:
        rows.append(("OpenSearch", f"{found.opensearch_url}  (one node, {opensearch.VERSION})"))
    if found.powertools_layer_arn:
        rows.append(("Powertools layer", found.powertools_layer_arn))
    rows.append(("logs", str(_shown(state))))
    _print_table(rows)
    print(f'\nuse it from a shell (any AWS SDK, the AWS CLI):\n  eval "$({_command("env", state)})"')
    print(f"look at it, stop it:\n  {_command('status', state)}\n  {_command('down', state)}")


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _command(name: str, state: Path) -> str:
    own = [] if state.resolve() == DEFAULT_STATE else ["--state", str(_shown(state))]
    python, called = Path(sys.executable), Path(sys.argv[0])
    if called.name == "testbench":  # the command that pip installed
        return shlex.join([called.name if which(called.name) == str(called) else str(_shown(called)), name, *own])
    shown = str(python.relative_to(PROJECT)) if python.is_relative_to(PROJECT) else "python"
    return shlex.join([shown, "-m", "testbench", name, *own])


def _shown(path: Path) -> Path:
    absolute = path.resolve()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute


def _end(number: int, _frame: Any) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """Run the command; errors of the bench become one message and exit code 1."""
    signal.signal(signal.SIGTERM, _end)  # so that what a command began is taken back when it is told to end
    try:
        app()
    except SystemExit as end:
        if installing.cancelled():  # its threads wait for downloads that nobody needs: go without them
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        raise
    except (BenchError, FirehoseControlError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # no space left, no permission, a file where a folder should be
        place = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror or error}{place}", file=sys.stderr)
        sys.exit(1)
