"""The real code, loaded a second time upon virtual time, seeded chance and the fake boto3.

`load` executes every module of event_fork and event_fork_cli anew while the names `time`, `datetime`, `random`,
`secrets`, `signal`, `boto3` and `concurrent.futures` mean the simulation's. So not even a default argument such as
`clock = time.monotonic` reaches the machine. The modules that everybody else imported stay as they are.
"""

from __future__ import annotations

import concurrent.futures
import datetime as real_datetime
import importlib
import importlib.util
import os
import random as real_random
import secrets as real_secrets
import signal as real_signal
import sys
import time as real_time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_lambda_powertools
import typer
import typer.main

from tests.simulation.clients import Boto3, Network
from tests.simulation.scheduler import EPOCH
from tests.simulation.troubles import fraction

PROJECT = Path(__file__).parents[2]
for _library in ("aws_lambda_powertools.metrics", "botocore.exceptions", "rich.live", "rich.progress", "rich.status"):
    importlib.import_module(_library)  # before the names mean something else: libraries keep the machine's

_PACKAGES = ("event_fork", "event_fork_cli")


class Program:
    """One version of the code. `network` is set by the run that goes on."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.boto3 = Boto3()
        self._draws = 0
        self._names = self._simulated_modules()
        for folder in ("lambdas", "cli"):
            if not (source / folder).is_dir():
                raise FileNotFoundError(f"{source} is no checkout of this project: it has no folder {folder}")
        with self._instead():
            for package in _PACKAGES:
                for path in sorted((source / _folder(package) / package).rglob("*.py")):
                    name = ".".join(path.relative_to(source / _folder(package)).with_suffix("").parts)
                    if not name.endswith("__main__"):
                        importlib.import_module(name.removesuffix(".__init__"))
            self._modules = {name: module for name, module in sys.modules.items() if _is_ours(name)}

    @contextmanager
    def running(self, network: Network) -> Iterator[None]:
        """While it lasts, the run's network, clock and chance are the ones that are used.

        The modules are found in sys.modules meanwhile: dataclasses look up their types there.
        """
        before = {name: module for name, module in sys.modules.items() if _is_ours(name)}
        self.boto3.network = network
        self._draws = 0
        sys.modules.update(self._modules)
        try:
            yield
        finally:
            self.boto3.network = None
            for name in [name for name in sys.modules if _is_ours(name)]:
                del sys.modules[name]
            sys.modules.update(before)

    def handler(self, function: str) -> Callable[[dict[str, Any], Any], Any]:
        """The handler of a function in a fresh instance: module-level caches are its own."""
        module = self._modules[f"event_fork.{function}"]
        spec = importlib.util.spec_from_file_location(module.__name__, module.__file__ or "")
        if spec is None or spec.loader is None:
            raise ImportError(function)
        instance = importlib.util.module_from_spec(spec)
        with self._instead(self._modules):
            spec.loader.exec_module(instance)
        found: Callable[[dict[str, Any], Any], Any] = instance.handler
        return found

    def command(self, arguments: list[str]) -> int:
        """`event-fork` with these arguments, in the process that calls; its exit code."""
        code: int = self._modules["event_fork_cli.app"].run(arguments)
        return code

    # -- what the code finds in the place of the machine's ------------------------------------------------------------

    def _network(self) -> Network:
        if self.boto3.network is None:
            raise RuntimeError("no simulation goes on")
        return self.boto3.network

    def _monotonic(self) -> float:
        network = self.boto3.network
        return 0.0 if network is None else network.scheduler.now

    def _wall(self) -> float:
        network = self.boto3.network
        if network is None or network.scheduler.current is None:
            return EPOCH
        return EPOCH + network.scheduler.now + network.process.skew

    def _fraction(self) -> float:
        self._draws += 1
        return fraction(self._network().troubles.seed, "chance", self._draws)

    def _simulated_modules(self) -> dict[str, ModuleType]:
        program = self

        class AnyDatetime(type):
            """A datetime is a datetime, whichever of the two classes made it."""

            def __instancecheck__(cls, value: object) -> bool:
                return isinstance(value, real_datetime.datetime)

        class Now(real_datetime.datetime, metaclass=AnyDatetime):
            """datetime, with the process's clock."""

            @classmethod
            def now(cls, tz: real_datetime.tzinfo | None = None) -> Now:
                return cls.fromtimestamp(program._wall(), tz)

        class Here(concurrent.futures.Executor):
            """An executor that does everything at once in the task that asks: threads of one command have no order."""

            def __init__(self, *_: object, **__: object) -> None:
                super().__init__()

            def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
                future: concurrent.futures.Future[Any] = concurrent.futures.Future()
                try:
                    future.set_result(fn(*args, **kwargs))
                except Exception as error:  # as an executor does: the one who asks for the result gets it
                    future.set_exception(error)
                return future

        def set_signal(number: int, handler: Any) -> Any:
            signals = program._network().process.signals
            before = signals.get(number, real_signal.SIG_DFL)
            signals[number] = handler
            return before

        def get_signal(number: int) -> Any:
            return program._network().process.signals.get(number, real_signal.SIG_DFL)

        def sleep(seconds: float) -> None:
            program._network().scheduler.sleep(seconds)

        class Environment(Mapping[str, str]):
            """The variables of the process that asks."""

            def _own(self) -> dict[str, str]:
                network = program.boto3.network
                if network is None or network.scheduler.current is None:  # modules are loaded outside of any process
                    return {}
                return network.process.environment

            def __getitem__(self, name: str) -> str:
                return self._own()[name]

            def __iter__(self) -> Iterator[str]:
                return iter(self._own())

            def __len__(self) -> int:
                return len(self._own())

        return {
            "os": _like(os, environ=Environment()),
            "time": _like(real_time, sleep=sleep, time=self._wall, monotonic=self._monotonic),
            "datetime": _like(real_datetime, datetime=Now),
            "random": _like(
                real_random, random=self._fraction, uniform=lambda low, high: low + (high - low) * self._fraction()
            ),
            "secrets": _like(
                real_secrets, token_hex=lambda size=8: f"{int(self._fraction() * 256**size):0{2 * size}x}"
            ),
            "signal": _like(real_signal, signal=set_signal, getsignal=get_signal),
            "concurrent.futures": _like(concurrent.futures, ThreadPoolExecutor=Here),
            "boto3": _like(self.boto3),
            # Typer makes all commands anew for each run of one, which takes longer than most commands do here.
            "typer": _like(typer, main=_like(typer.main, get_command=cache(typer.main.get_command))),
            # Metrics are real: they are printed, and the command reads what the functions print.
            "aws_lambda_powertools": _like(aws_lambda_powertools, Logger=_Silent, Tracer=_Silent),
        }

    @contextmanager
    def _instead(self, modules: dict[str, ModuleType] | None = None) -> Iterator[None]:
        """While it lasts, imports find the simulation's modules, and the project's own are found anew (or given)."""
        before = {name: module for name, module in sys.modules.items() if _is_ours(name) or name in self._names}
        path = list(sys.path)
        for name in before:
            del sys.modules[name]
        sys.modules.update(self._names)
        sys.modules.update(modules or {})
        sys.path[:0] = [str(self.source / "lambdas"), str(self.source / "cli")]
        try:
            yield
        finally:
            for name in [name for name in sys.modules if _is_ours(name) or name in self._names]:
                del sys.modules[name]
            sys.modules.update(before)
            sys.path[:] = path


class _Silent:
    """Powertools that say nothing: logs and traces are tested elsewhere and cost most of the time here."""

    def __init__(self, *_: object, **__: object) -> None:
        return

    def __getattr__(self, _: str) -> Callable[..., Any]:
        return _silent


def _silent(function: Any = None, *_: object, **__: object) -> Any:
    """As a decorator the function itself, with options the decorator, as a call nothing."""
    return function if callable(function) else lambda decorated=None, *_, **__: decorated


def _like(original: Any, **changed: Any) -> ModuleType:
    """A module that has everything of another, some of it changed."""
    module = ModuleType(getattr(original, "__name__", type(original).__name__))
    names = [name for name in dir(original) if not name.startswith("__")]
    module.__dict__.update({name: getattr(original, name) for name in names} | changed)
    if hasattr(original, "__path__"):
        module.__path__ = original.__path__
    return module


def _folder(package: str) -> str:
    return "lambdas" if package == "event_fork" else "cli"


def _is_ours(name: str) -> bool:
    return name.startswith("event_fork") and name.split(".")[0] in _PACKAGES


@cache
def load(source: Path | None = None) -> Program:
    """The code of a checkout; of this one, or of the one that EVENT_FORK_SIMULATED names."""
    return Program(source or Path(os.environ.get("EVENT_FORK_SIMULATED", PROJECT)).resolve())
