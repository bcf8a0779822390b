"""boto3 as the simulated code sees it: clients that check parameters by botocore's own models, try again, and fail.

A client asks its service (services/), an object with one method per operation, named as boto3 names it. Every call goes
through `Network.call`: there the seed's trouble strikes and time passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.model import ServiceModel
from botocore.paginate import Paginator, PaginatorModel
from botocore.validate import ParamValidator

from tests.simulation.scheduler import Killed, Process, Scheduler
from tests.simulation.troubles import UNKNOWN_OUTCOME, Kind, Troubles, fraction

REGION = "eu-west-1"
ACCOUNT = "123456789012"

_THROTTLING = {
    "s3": ("SlowDown", 503),
    "sqs": ("ThrottlingException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "firehose": ("ServiceUnavailableException", 503),
}
_BROKEN = {"s3": "InternalError", "firehose": "InternalFailure", "lambda": "ServiceException"}
_DENIED = {"s3": ("AccessDenied", 403), "sqs": ("AccessDenied", 403)}
_RETRIED = frozenset({"SlowDown", "ThrottlingException", "TooManyRequestsException", "RequestThrottled"})
_SERVER_ERROR = 500
_CHECKED = 5
"""Of so many calls of an operation, the parameters of one are held against botocore's model: it is slow."""


class ServiceError(Exception):
    """A service refuses a call: its code, as boto3 shows it, and the name of the exception where that is another."""

    def __init__(self, code: str, message: str = "", status: int = 400, name: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.name = name or code


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@cache
def model_of(service: str) -> ServiceModel:
    """botocore's description of a service."""
    return ServiceModel(_session().get_component("data_loader").load_service_model(service, "service-2"), service)


@cache
def _paginators(service: str) -> PaginatorModel:
    return PaginatorModel(_session().get_component("data_loader").load_service_model(service, "paginators-1"))


@cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in model_of(service).operation_names}


@cache
def _exception(service: str, name: str) -> type[ClientError]:
    return type(name, (ClientError,), {})


class _Exceptions:
    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> type[ClientError]:
        if name != "ClientError" and name not in {shape.name for shape in model_of(self._service).error_shapes}:
            raise AttributeError(f"{self._service} has no exception {name}")
        return ClientError if name == "ClientError" else _exception(self._service, name)


class Network:
    """Between clients and services: time passes, troubles strike, calls are counted."""

    def __init__(self, scheduler: Scheduler, troubles: Troubles) -> None:
        self.scheduler = scheduler
        self.troubles = troubles
        self.services: dict[str, Any] = {}
        self.calls: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.unknown_outcomes: Counter[str] = Counter()
        """Calls that were done without their caller knowing, by operation."""
        self.crashes: list[str] = []
        self.died: Callable[[Process], None] = lambda process: None
        self._present: tuple[Kind | None, int] = None, 0

    @property
    def process(self) -> Process:
        """Who is calling."""
        task = self.scheduler.current
        if task is None:
            raise RuntimeError("a service is called from outside of every process")
        return task.process

    def call(self, service: str, operation: str, resource: str, config: Config, work: Callable[[], Any]) -> Any:
        """One try of one call. Raises what boto3 would, and Killed."""
        process = self.process
        if not process.alive:
            raise Killed
        process.calls += 1
        number = process.calls
        self.calls[service] += 1
        scheduler, troubles = self.scheduler, self.troubles
        kind = troubles.of(process.name, number, scheduler.now, service, operation, resource)
        length = troubles.length(process.name, number)
        if kind is None:
            scheduler.sleep(length)
            self._present = None, number
            return work()
        if kind is Kind.CRASH_BEFORE:
            self._die(process)
        if kind is Kind.CLOCK:
            process.skew += 800.0 * (fraction(troubles.seed, "jump", process.name, number) - 0.5)
        elif kind is Kind.SLOW:
            length += 8.0 * fraction(troubles.seed, "slow", process.name, number)
        elif kind is Kind.TIMED_OUT:
            length = config.read_timeout  # type: ignore[attr-defined]
        elif kind is Kind.UNREACHABLE:
            length = config.connect_timeout  # type: ignore[attr-defined]
        scheduler.sleep(length)
        endpoint = f"https://{service}.{REGION}.amazonaws.com"
        if kind is Kind.TIMED_OUT:
            raise ReadTimeoutError(endpoint_url=endpoint)
        if kind is Kind.UNREACHABLE:
            raise (EndpointConnectionError if number % 2 else ConnectTimeoutError)(endpoint_url=endpoint)
        if kind is Kind.THROTTLED:
            code, status = _THROTTLING.get(service, ("ThrottlingException", 400))
            raise ServiceError(code, "Rate exceeded", status)
        if kind is Kind.REFUSED:
            code, status = _DENIED.get(service, ("AccessDeniedException", 400))
            raise ServiceError(code, "not authorized", status)
        if kind is Kind.BROKEN:
            raise ServiceError(_BROKEN.get(service, "InternalServerError"), "try again", _SERVER_ERROR)
        self._present = kind, number
        try:
            answer = work()
        except ServiceError:
            if kind is Kind.CRASH_AFTER:
                self._die(process)
            raise
        if kind in UNKNOWN_OUTCOME:
            self.unknown_outcomes[operation] += 1
        if kind is Kind.CRASH_AFTER:
            self._die(process)
        if kind is Kind.BROKEN_AFTER:
            raise ServiceError(_BROKEN.get(service, "InternalServerError"), "try again", _SERVER_ERROR)
        if kind is Kind.LOST:
            scheduler.sleep(config.read_timeout)  # type: ignore[attr-defined]
            raise ReadTimeoutError(endpoint_url=endpoint)
        return answer

    def _die(self, process: Process) -> None:
        process.alive = False
        self.crashes.append(process.name)
        self.died(process)
        raise Killed

    def entries_that_fail(self, count: int) -> set[int]:
        """For batch operations: the entries, by their place, that fail in the present call."""
        kind, number = self._present
        if kind is not Kind.PARTLY:
            return set()
        drawn = (fraction(self.troubles.seed, "entry", self.process.name, number, place) for place in range(count))
        return {place for place, each in enumerate(drawn) if each < 0.4}


class Client:
    """A boto3 client of one service."""

    def __init__(self, network: Network, service: str, region: str | None, config: Config | None) -> None:
        self._network = network
        self._service = service
        self._config = config or Config()
        retries: Mapping[str, Any] = self._config.retries or {}  # type: ignore[attr-defined]
        self._attempts = int(retries.get("total_max_attempts", 5))
        self._region = region or REGION
        self.exceptions = _Exceptions(service)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or name not in _operations(self._service):
            raise AttributeError(f"boto3's client of {self._service} has no method {name}")
        return lambda **params: self._ask(name, params)

    def get_paginator(self, name: str) -> Paginator[Any]:
        """botocore's own paginator."""
        operation = _operations(self._service)[name]
        model = model_of(self._service).operation_model(operation)
        return Paginator(getattr(self, name), _paginators(self._service).get_paginator(operation), model)

    def _ask(self, name: str, params: dict[str, Any]) -> Any:
        operation = _operations(self._service)[name]
        self._network.asked[operation] += 1
        if self._network.asked[operation] % _CHECKED == 1:
            shape = model_of(self._service).operation_model(operation).input_shape
            report = None if shape is None else ParamValidator().validate(params, shape)
            if report is not None and report.has_errors():
                raise ParamValidationError(report=report.generate_report())
        room = self._network.services[self._service]
        resource = room.resource(params)
        attempt = 1
        while True:
            try:
                return self._network.call(
                    self._service, operation, resource, self._config, lambda: getattr(room, name)(**params)
                )
            except ServiceError as error:
                if attempt == self._attempts or not (error.status >= _SERVER_ERROR or error.code in _RETRIED):
                    raise self._client_error(error, operation) from None
            except (ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError):
                if attempt == self._attempts:
                    raise
            process = self._network.process
            drawn = fraction(self._network.troubles.seed, "retry", process.name, process.calls)
            self._network.scheduler.sleep(drawn * min(20.0, 2.0 ** (attempt - 1)))
            attempt += 1

    def _client_error(self, error: ServiceError, operation: str) -> ClientError:
        known = {shape.name for shape in model_of(self._service).error_shapes}
        kind = _exception(self._service, error.name) if error.name in known else ClientError
        response: Any = {
            "Error": {"Code": error.code, "Message": error.message},
            "ResponseMetadata": {"HTTPStatusCode": error.status, "HTTPHeaders": {}},
        }
        return kind(response, operation)


class Boto3:
    """The module boto3, as far as the project uses it."""

    def __init__(self) -> None:
        self.network: Network | None = None
        client = self.client

        class Session:
            """It has the same clients. A class, as in boto3: annotations name it."""

            def __init__(self, profile_name: str | None = None, region_name: str | None = None) -> None:
                self.client = client
                self.region_name = region_name or REGION

        self.Session = Session

    def client(
        self,
        service: str,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> Client:
        """A client for the run that goes on."""
        if self.network is None:
            raise RuntimeError("no simulation goes on")
        return Client(self.network, service, region_name, config)
