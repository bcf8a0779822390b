"""The replay modules that have an archive: each one leaves a parameter that says what it can do.

Who may write parameters might plant one. So it counts for nothing but the module that it is named after: the state
machine is that module's, in the account and Region of the parameter.

/event-fork-pipelines/<name>/archive-replay
    {"state_machine_arn": ..., "bucket": ..., "prefix": ..., "region": ...,
     "targets": [{"arn": ..., "url": ..., "idempotent": true, "shadow": true}],
     "memory": {"worker": MiB, "governor": MiB}, "worker_seconds": time-out, "runtime": "python3.13"}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from event_fork.archive.unpacking import ZSTANDARD
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.json_values import AtLeast, AtMost, Id, Matches, from_json, json_object, parse_json
from event_fork.replay_plan.plan import Engine, QueueArn, is_url_of
from event_fork_cli.costs.replays import DEFAULT_MEMORY, Memory
from event_fork_cli.errors import BadInputError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

ROOT = "/event-fork-pipelines/"
DEFAULT_WORKER_SECONDS = 900.0
"""The time-out of the function that sends, where nothing else is said."""
_SUFFIX = "/archive-replay"


@dataclass(frozen=True, slots=True)
class AllowedTarget:
    """A queue that the module lets its workers send to. `idempotent`: its consumer is declared so.

    `shadow`: nothing that counts hangs on it.
    """

    arn: QueueArn
    url: str
    idempotent: bool = False
    shadow: bool = False

    def __post_init__(self) -> None:
        if not is_url_of(self.url, self.arn):
            raise ValueError(f"url must be the URL of {self.arn}, got {self.url}")

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class ReplayEngine:
    """A replay module with an archive: its name, state machine, archive and the queues it may send to."""

    name: Id
    state_machine_arn: str
    bucket: str
    prefix: str
    region: str
    targets: tuple[AllowedTarget, ...]
    memory: Memory = DEFAULT_MEMORY
    worker_seconds: Annotated[float, AtLeast(1), AtMost(900)] = DEFAULT_WORKER_SECONDS
    runtime: Annotated[str, Matches(r"python3\.\d{1,3}", "a runtime such as python3.13")] = "python3.13"

    @property
    def not_read(self) -> frozenset[str]:
        """Compressions that the worker cannot read: Python has Zstandard from 3.14 on."""
        return frozenset() if int(self.runtime.rpartition(".")[2]) >= 14 else frozenset({ZSTANDARD})

    def target(self, arn: str) -> AllowedTarget | None:
        """The allowed target of that ARN."""
        return next((target for target in self.targets if target.arn == arn), None)

    def in_plan(self) -> Engine:
        """What a plan says about it."""
        return Engine(self.name, self.state_machine_arn, self.region)


def find_engines(ssm: SSMClient, say: Callable[[str], None]) -> list[ReplayEngine]:
    """All replay modules with an archive in this account and Region, by name. What is none of them is said."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=ROOT, Recursive=True)
    found: list[ReplayEngine] = []
    for parameter in (parameter for page in pages for parameter in page["Parameters"]):
        if parameter["Name"].endswith(_SUFFIX):
            try:
                found.append(_engine(parameter["Name"], parameter["ARN"], parameter["Value"]))
            except DocumentError as error:
                say(f"a replay module is left out: {error}")
    return sorted(found, key=lambda engine: engine.name)


def engines_of(engines: list[ReplayEngine], bucket: str, prefix: str, name: str | None) -> list[ReplayEngine]:
    """The modules on an archive; with a name that one, which must be there and must be on this archive."""
    on_archive = [engine for engine in engines if (engine.bucket, engine.prefix) == (bucket, prefix)]
    if name is None:
        return on_archive
    chosen = [engine for engine in on_archive if engine.name == name]
    if not chosen:
        names = ", ".join(engine.name for engine in on_archive) or "there is none"
        raise BadInputError(
            "--replay",
            f"must name a replay module whose archive is s3://{bucket}/{prefix} ({names})",
            example=f"--replay {on_archive[0].name if on_archive else 'orders'}",
            received=name,
        )
    return chosen


def engine_for_target(engines: list[ReplayEngine], arn: str) -> ReplayEngine:
    """The one of the given modules that may send to a queue. Raises RefusedError when none or several may."""
    able = [engine for engine in engines if engine.target(arn)]
    if len(able) > 1:
        names = ", ".join(engine.name for engine in able)
        raise RefusedError(f"several replay modules may send to {arn} ({names}): say which with --replay NAME")
    if not able:
        allowed = ", ".join(sorted({target.arn for engine in engines for target in engine.targets})) or "none"
        raise RefusedError(f"no replay module of this archive may send to {arn}; its input `targets` allows: {allowed}")
    return able[0]


def _engine(parameter: str, parameter_arn: str, value: str) -> ReplayEngine:
    where = f"parameter {parameter}"
    name = parameter.removeprefix(ROOT).removesuffix(_SUFFIX)
    found = from_json(ReplayEngine, {**json_object(parse_json(value, where), where), "name": name}, where)
    _, partition, _, region, account, _ = parameter_arn.split(":", 5)
    own = f"arn:{partition}:states:{region}:{account}:stateMachine:{name}-archive"
    for what, given, right in (("state_machine_arn", found.state_machine_arn, own), ("region", found.region, region)):
        if given != right:
            raise DocumentError(f"{where}.{what} must be {right}, got {given}")
    return found
