"""Starting and stopping all parts of one bench, whose state folder is the only thing that remembers them.

Start: install what is missing and start every part, both in parallel; wait until each does its work; only then let them
outlive this command (bench/testbench/lease.py). Anything that goes wrong before that ends them all.
"""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from testbench import endpoints as addresses
from testbench import ports, processes
from testbench.endpoints import Endpoints
from testbench.errors import BenchError, PartDiedError, PortTakenError
from testbench.parts import Part
from testbench.paths import CACHE, RUNS
from testbench.progress import Say, quiet

SECONDS_TO_GET_READY = 180.0
"""Limit for each part; a loaded two-core machine needs about 20."""
ATTEMPTS = 3
"""Starts with other ports after another process took one of ours."""
_MARKER = ".bench"
_KEPT_BETWEEN_STARTS = {_MARKER, ".lock", "users"}


@dataclass(frozen=True)
class Health:
    """One part as `status` shows it. `memory` counts the bytes of the process and of those it started."""

    part: str
    state: str
    """"healthy", "not answering", "died" or "stopped"."""
    pid: int | None
    port: int | None
    memory: int
    seconds_up: float

    @property
    def healthy(self) -> bool:
        return self.state == "healthy"


def start(parts: Sequence[Part], state: Path, plan: Endpoints, say: Say) -> Endpoints:
    """Start the parts and return the endpoints, with `plan`'s address for whatever is not among the parts.

    The folder must hold no running part. Raises `PartDiedError`; then nothing is left running.
    """
    attempt = 0
    while True:
        attempt += 1
        _clean(state)
        try:
            return _start_once(parts, state, plan, say)
        except PortTakenError as error:
            if attempt == ATTEMPTS:
                raise
            say(error.part, "another process took its port: starting again with other ports")


def _start_once(parts: Sequence[Part], state: Path, plan: Endpoints, say: Say) -> Endpoints:
    chosen = ports.choose([part.name for part in parts])
    found = _planned(plan, chosen)
    started: dict[str, processes.Probation] = {}
    began = time.monotonic()
    try:
        for part in parts:
            port = chosen[part.name]
            command = part.command(port, found, state)
            started[part.name] = processes.start(part.name, command.argv, command.environment, state, port)
            say(part.name, f"starting on {ports.LOOPBACK}:{port}")
        _wait_until_ready(parts, started, state, began, say)
    except BaseException:
        stop([part.name for part in parts], state)
        raise
    for probation in started.values():
        probation.keep()
    return found


def start_again(part: Part, state: Path, found: Endpoints, say: Say = quiet) -> None:
    """Start a part that ended, on its port and with what its folder holds. `found`: the addresses it is told of."""
    before = processes.recorded(state, part.name)
    if before is None or before.process() is not None:
        raise BenchError(f"{part.name} cannot be started again: it {'runs' if before else 'was never started'}")
    command = part.command(before.port, found, state)
    probation = processes.start(part.name, command.argv, command.environment, state, before.port)
    try:
        _wait_until_ready([part], {part.name: probation}, state, time.monotonic(), say)
    except BaseException:
        processes.stop(state, part.name)
        raise
    probation.keep()


def _planned(plan: Endpoints, chosen: dict[str, int]) -> Endpoints:
    def url(part: str, otherwise: str) -> str:
        return f"http://{ports.LOOPBACK}:{chosen[part]}" if part in chosen else otherwise

    return Endpoints(
        backend=plan.backend,
        aws_endpoint_url=url(plan.backend, plan.aws_endpoint_url),
        firehose_url=url("firehose", plan.firehose_url),
        opensearch_url=url("opensearch", plan.opensearch_url),
        parts=tuple(chosen),
        authorise=plan.authorise,
    )


def _wait_until_ready(
    parts: Sequence[Part], started: dict[str, processes.Probation], state: Path, began: float, say: Say
) -> None:
    waiting = list(parts)
    pause = 0.05
    while waiting:
        for part in list(waiting):
            probation = started[part.name]
            if probation.ended():
                raise _died(probation.running, state)
            if part.ready(probation.running.port) and _is_the_listener(probation.running):
                waiting.remove(part)
                say(part.name, f"ready after {time.monotonic() - began:.1f} s")
        if waiting and time.monotonic() - began > SECONDS_TO_GET_READY:
            name = waiting[0].name
            raise PartDiedError(
                name, f"was not ready after {SECONDS_TO_GET_READY:.0f} s", processes.log_tail(state, name)
            )
        if waiting:
            time.sleep(pause)


def _is_the_listener(running: processes.Running) -> bool:
    process = running.process()
    return process is not None and processes.listens_on(process, running.port)


def _died(running: processes.Running, state: Path) -> PartDiedError:
    kind = PartDiedError if ports.is_free(running.port) else PortTakenError
    return kind(running.part, "ended before it was ready", processes.log_tail(state, running.part))


def stop(names: Sequence[str], state: Path) -> list[str]:
    """End the recorded processes, in parallel; returns the names of those that ran. Endpoints are forgotten."""
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        ended = list(pool.map(lambda name: processes.stop(state, name), names))
    addresses.forget(state)
    return [name for name, ran in zip(names, ended, strict=True) if ran]


def recorded_parts(state: Path) -> list[str]:
    """Names of the parts that the state folder has PID files of, whether they run or not."""
    return sorted(path.stem for path in state.glob("*.pid"))


def health(parts: Sequence[Part], state: Path) -> list[Health]:
    """How each part is now."""
    return [_health(part, state) for part in parts]


def _health(part: Part, state: Path) -> Health:
    running = processes.recorded(state, part.name)
    if running is None:
        return Health(part.name, "stopped", None, None, 0, 0.0)
    process = running.process()
    if process is None:
        return Health(part.name, "died", running.pid, running.port, 0, 0.0)
    well = part.ready(running.port)
    return Health(
        part.name,
        "healthy" if well else "not answering",
        running.pid,
        running.port,
        processes.memory(process),
        time.time() - running.started,
    )


def claim(state: Path) -> None:
    """Make the folder a bench's. Raises `BenchError` for one that holds anything else: a start empties it."""
    state.mkdir(parents=True, exist_ok=True)
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")  # so that a project need not know of it
    marker = state / _MARKER
    if marker.exists() or state.is_relative_to(RUNS):
        return
    if found := sorted(entry.name for entry in state.iterdir()):
        raise BenchError(
            f"{state} is not a bench's folder, and a start would empty it: it holds {found[0]}"
            f"{f' and {len(found) - 1} more' if found[1:] else ''}. Give --state a new or an empty folder"
        )
    marker.touch()


def _clean(state: Path) -> None:
    """Empty the folder of an earlier run: its logs and data belong to parts that are gone."""
    for entry in state.iterdir():
        if entry.name in _KEPT_BETWEEN_STARTS:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
