"""The bench as Python code uses it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from filelock import FileLock, Timeout

from testbench import composition, processes, stack
from testbench.clients import aws_client
from testbench.endpoints import Endpoints
from testbench.errors import BenchError, PartDiedError
from testbench.paths import DEFAULT_STATE, PROJECT
from testbench.progress import Say, quiet
from testbench.users import Users

if TYPE_CHECKING:
    from testbench.workspace import Workspace


class Bench:
    """A running local AWS.

    with Bench.running() as bench:
        bench.client("sns").create_topic(Name="orders")

    Several processes may share one by giving the same state folder; the last one to leave stops it, unless
    `python -m testbench up` started it.
    """

    def __init__(self, state: Path, endpoints: Endpoints) -> None:
        self.state = state
        self.endpoints = endpoints

    # -- joining and leaving ---------------------------------------------------------------------------------------

    @classmethod
    @contextmanager
    def running(cls, state: Path = DEFAULT_STATE, say: Say = quiet) -> Iterator["Bench"]:
        """Start what is not running yet and join it; at the end leave, and stop it when nobody else uses it."""
        state = state.resolve()
        users = Users(state)
        stack.claim(state)
        with _locked(state, say):
            left_behind = Endpoints.load(state)
            if left_behind and not left_behind.kept and not users.present():
                stack.stop(stack.recorded_parts(state), state)  # its users died: start with an empty one
            bench = cls._up(state, say, kept=False)
            users.enter()
        try:
            yield bench
        finally:
            with _locked(state):
                users.leave()
                found = Endpoints.load(state)
                if not users.present() and not (found and found.kept):
                    stack.stop(stack.recorded_parts(state), state)

    @classmethod
    def attach(cls, state: Path = DEFAULT_STATE) -> "Bench":
        """Join one that runs. Raises `BenchError` when none does, `PartDiedError` when a part of it is gone."""
        state = state.resolve()
        found = Endpoints.load(state)
        if found is None:
            raise BenchError(f"no bench runs in {state}: start it with `python -m testbench up --state {state}`")
        bench = cls(state, found)
        bench.check()
        return bench

    @classmethod
    def up(cls, state: Path = DEFAULT_STATE, say: Say = quiet) -> "Bench":
        """Start it, or join the one that runs, and leave it running when this process ends."""
        state = state.resolve()
        stack.claim(state)
        with _locked(state, say):
            return cls._up(state, say, kept=True)

    @classmethod
    def down(cls, state: Path = DEFAULT_STATE) -> list[str]:
        """Stop it; returns the parts that ran. Touches only processes that this state folder has on record."""
        state = state.resolve()
        if not state.is_dir():
            return []
        with _locked(state):
            return stack.stop(stack.recorded_parts(state), state)

    @classmethod
    def _up(cls, state: Path, say: Say, *, kept: bool) -> "Bench":
        found = Endpoints.load(state)
        if found and composition.fits(found):
            sick = [part for part in stack.health(composition.parts_of(found), state) if not part.healthy]
            if not sick:
                say("bench", "is running already")
                if kept and not found.kept:
                    found = replace(found, kept=True)
                    found.save(state)
                return cls(state, found)
            say(sick[0].part, f"{sick[0].state}: starting the bench again, what was in it is lost")
        elif found:
            if users := Users(state).present():
                raise BenchError(
                    f"the bench in {state} has other settings ({found.described()}) and is used by process "
                    f"{', '.join(map(str, users))}: wait for that, or name another folder by --state"
                )
            say("bench", f"has other settings ({found.described()}): starting it again, what was in it is lost")
        stack.stop(stack.recorded_parts(state), state)
        found = composition.start(composition.parts(), state, say, kept=kept)
        return cls(state, found)

    # -- what it offers --------------------------------------------------------------------------------------------

    @property
    def opensearch_url(self) -> str:
        """Address of the OpenSearch node."""
        return self._address("OpenSearch node", self.endpoints.opensearch_url)

    @property
    def firehose_url(self) -> str:
        """Address of Data Firehose, also of its control API below /_firehose/."""
        return self._address("Data Firehose", self.endpoints.firehose_url)

    @property
    def powertools_layer_arn(self) -> str:
        """The version of the Powertools layer that was built from PyPI and published to the backend."""
        return self._address("Powertools layer: its project names none", self.endpoints.powertools_layer_arn)

    def _address(self, part: str, found: str) -> str:
        if not found:
            raise BenchError(f"this bench has no {part}")
        return found

    def environment(self) -> dict[str, str]:
        """Variables for a subprocess (or a shell) that shall talk to this bench."""
        return self.endpoints.environment()

    def client(self, service: str, **settings: Any) -> Any:
        """A boto3 client of this bench. Keyword arguments are boto3's (`config` is merged over the bench's own)."""
        return aws_client(service, self.endpoints, **settings)

    def create_domain(self, name: str, **settings: Any) -> dict[str, str]:
        """Make an OpenSearch domain by API and give its {"arn", "endpoint"}.

        The Terraform provider waits ten minutes when it makes one, so configurations get an existing domain. The
        domain is the emulator's; its data is the bench's OpenSearch node, to which Firehose delivers for every domain.
        """
        made = self.client("opensearch").create_domain(
            DomainName=name, **{"EngineVersion": "OpenSearch_2.19", **settings}
        )
        return {"arn": str(made["DomainStatus"]["ARN"]), "endpoint": self.opensearch_url.partition("//")[2]}

    def workspace(
        self,
        source: Path = PROJECT,
        configuration: str = ".",
        variables: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> "Workspace":
        """An own copy of a Terraform configuration of the project, pointed at this bench and initialised."""
        from testbench.workspace import Workspace

        return Workspace.prepared(self.endpoints, source, configuration, variables or {}, files or {})

    # -- faults of whole parts -------------------------------------------------------------------------------------

    def kill(self, part: str) -> None:
        """End a part as `kill -9` does. Only for a bench of one's own: everybody else on it sees that, too."""
        processes.kill(self.state, part)

    def start_again(self, part: str, **addresses: Any) -> None:
        """Start a part that was killed, on its port and with what it has written down (of the emulator: nothing).

        `addresses`: where it shall find other parts instead, such as a proxy: `opensearch_url="http://127.0.0.1:1234"`.
        """
        (known,) = [one for one in composition.parts_of(self.endpoints) if one.name == part]
        stack.start_again(known, self.state, replace(self.endpoints, **addresses))

    def function_processes(self, name: str) -> list[psutil.Process]:
        """The processes that run a function now: to measure them, or to end one in the middle of its work."""
        return processes.with_variable(self.state, self.endpoints.backend, "AWS_LAMBDA_FUNCTION_NAME", name)

    # -- health ----------------------------------------------------------------------------------------------------

    def health(self) -> list[stack.Health]:
        """How each part is now."""
        return self.parts_health(self.state)

    @classmethod
    def parts_health(cls, state: Path = DEFAULT_STATE) -> list[stack.Health]:
        """How each part of the bench in that state folder is now, also when none was ever started there."""
        state = state.resolve()
        return stack.health(composition.parts_of(Endpoints.load(state)), state)

    def check(self) -> None:
        """Raise `PartDiedError` naming the first part that is not healthy, with the end of its log."""
        for part in self.health():
            if not part.healthy:
                raise PartDiedError(
                    part.part, f"is not running ({part.state})", processes.log_tail(self.state, part.part)
                )

    def __repr__(self) -> str:
        return f"Bench({str(self.state)!r}, {json.dumps(self.environment())})"


@contextmanager
def _locked(state: Path, say: Say = quiet) -> Iterator[None]:
    lock = FileLock(state / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("bench", "waiting for another process that starts or stops it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
