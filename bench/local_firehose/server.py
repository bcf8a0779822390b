"""The HTTP server: AWS JSON 1.1 at ``POST /``, health and control under ``/_firehose/``."""

import asyncio
import contextlib
import itertools
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from aiohttp import web

from local_firehose.api.errors import ApiError, InjectedError, InternalFailureError
from local_firehose.api.protocol import CONTENT_TYPE, Caller, caller, decode, encode, operation
from local_firehose.api.uploads import MAX_BODY, Uploads
from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.control import ControlApi
from local_firehose.destinations.opensearch import OpenSearchDomain
from local_firehose.destinations.s3 import S3Writer
from local_firehose.error_log import ErrorLog
from local_firehose.faults import Faults
from local_firehose.ingest import Ingest
from local_firehose.metrics import Metrics
from local_firehose.operations import Operations
from local_firehose.pipeline.lambda_invoker import LambdaInvoker
from local_firehose.pipeline.tools import Tools
from local_firehose.registry import Registry
from local_firehose.settings import Settings
from local_firehose.shares import Budget, Compute
from local_firehose.store import NoStore, SqliteStore, Store
from local_firehose.streams.keys import Keys
from local_firehose.validation.model import RequestReader
from local_firehose.web_pages import is_loopback, refusal

KEEP_ALIVE_SECONDS = 75.0  # also for a connection that never asks anything
STOP_SECONDS = 3.0  # for metrics and events that an endpoint does not take
_PUTS = ("PutRecord", "PutRecordBatch")
_METRICS = {name: name for name in (*_PUTS, "DescribeDeliveryStream", "ListDeliveryStreams")}
_METRICS["UpdateDestination"] = "UpdateDeliveryStream"
log = logging.getLogger(__name__)


class FirehoseServer:
    """One server and everything that works in it. Make it inside a running event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.clock_speed)
        self.faults = Faults(self.clock)
        self._aws = Aws(settings.aws_endpoint, settings.account, assume_roles=settings.assume_roles)
        self._store: Store = SqliteStore(settings.state) if settings.state else NoStore()
        self._metrics = Metrics(self._aws, self.clock, settings.publish_metrics)
        self._error_log = ErrorLog(self._aws, self.clock, settings.publish_error_logs)
        self._opensearch = OpenSearchDomain(self._aws, self.faults, settings.opensearch)
        self.tools = Tools(
            settings=settings,
            clock=self.clock,
            budget=Budget(settings.max_buffered_bytes),
            store=self._store,
            aws=self._aws,
            s3=S3Writer(self._aws, self.faults),
            opensearch=self._opensearch,
            invoker=LambdaInvoker(self._aws, self.clock, self.faults, self._metrics, settings.strict_lambda_batch),
            metrics=self._metrics,
            error_log=self._error_log,
            next_sequence=itertools.count(max(self._store.last_sequence() + 1, time.time_ns() // 1000)).__next__,
            compute=Compute(),
        )
        keys = Keys(self._aws, self.clock, settings.check_kms)
        self.registry = Registry(self.tools, keys)
        ingest = Ingest(self.tools, self.faults, keys)
        self._operations = Operations(self.tools, self.registry, ingest, keys)
        relaxed = frozenset({"AmazonopensearchserviceClusterEndpoint"} if settings.allow_http_cluster_endpoint else ())
        self._reader = RequestReader(relaxed)
        self._uploads = Uploads()
        self._publisher: asyncio.Task[None] | None = None

    def app(self) -> web.Application:
        """The aiohttp application; its start restores the state folder, its end keeps it."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[_guard(self.settings.host)])
        app.router.add_post("/", self._handle)
        ControlApi(self.tools, self.registry, self.faults, self._uploads).add_routes(app)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)
        return app

    async def _start(self, _: web.Application) -> None:
        restored = self.registry.restore()
        if restored:
            log.info("restored %d undelivered records", restored)
        self._publisher = asyncio.create_task(self._metrics.run(self._gauges))

    async def _stop(self, _: web.Application) -> None:
        if not self.settings.state:
            await self._drain()
        if self._publisher is not None:
            self._publisher.cancel()
            await asyncio.gather(self._publisher, return_exceptions=True)
        await _within(STOP_SECONDS, self._metrics.flush())
        await self.registry.close()
        await _within(STOP_SECONDS, self._error_log.close())
        await self._opensearch.close()
        await self._store.close()
        self.tools.compute.close()
        self._aws.close()

    async def _drain(self) -> None:
        """Without a state folder what is buffered would be lost: deliver it while there is time."""
        self.clock.set(speed=max(1.0, self.clock.speed))
        end = time.monotonic() + self.settings.drain_seconds
        while time.monotonic() < end and any(not entry.pipeline.idle for entry in self.registry.entries()):
            for entry in self.registry.entries():
                entry.pipeline.flush()
            await asyncio.sleep(0.05)
        left = sum(entry.pipeline.ledger.records for entry in self.registry.entries())
        if left:
            log.warning("%d undelivered records are lost: there is no --state to keep them in", left)

    async def _handle(self, request: web.Request) -> web.Response:
        request_id = str(uuid.uuid4())
        delay = 0.0
        try:
            who = caller(request.headers, self.settings.account)
            name = operation(request.headers)
            async with self._uploads.body(request) as data:
                body = decode(data)
                fault = self.faults.hit("latency", _stream_name(body), operation=name)
                delay = fault.options["delay"] if fault else 0.0
                response = await self._answered(name, who, body)
        except ApiError as error:
            response = _refusal(error)
        except Exception as error:
            log.exception("request %s failed", request_id)
            response = _refusal(InternalFailureError(f"{type(error).__name__}: {error}"))
        await asyncio.sleep(delay)  # here, where the request holds no memory
        response.headers["x-amzn-RequestId"] = request_id
        return response

    async def _answered(self, name: str, who: Caller, body: dict[str, Any]) -> web.Response:
        started = time.monotonic()
        answer = await self._run(name, who, body)
        self._count(name, who, body, time.monotonic() - started)
        return web.Response(body=encode(answer), headers={"Content-Type": CONTENT_TYPE})

    async def _run(self, name: str, who: Caller, body: dict[str, Any]) -> dict[str, Any]:
        stream_name = _stream_name(body)
        parameters = self._reader.read(name, body)
        if fault := self.faults.hit("call", stream_name, operation=name):
            raise InjectedError(fault.options["code"], fault.options["status"], fault.options["message"])
        answer = await self._operations.run(name, who, parameters)
        if name in _PUTS and (fault := self.faults.hit("lost-answer", stream_name)):
            raise InjectedError(fault.options["code"], fault.options["status"], fault.options["message"])
        return answer

    def _gauges(self) -> None:
        """What CloudWatch shows every minute whether or not anything happens."""
        for entry in self.registry.entries():
            stream, quota = entry.stream, entry.meter.quota
            self._metrics.add(stream, "BytesPerSecondLimit", quota.bytes, "Bytes/Second")
            self._metrics.add(stream, "RecordsPerSecondLimit", quota.records, "Count/Second")
            self._metrics.add(stream, "PutRequestsPerSecondLimit", quota.requests, "Count/Second")
            if stream.destination.get("DynamicPartitioningConfiguration", {}).get("Enabled"):
                self._metrics.add(stream, "ActivePartitionsLimit", self.settings.active_partitions, "Count")

    def _count(self, name: str, who: Caller, body: dict[str, Any], seconds: float) -> None:
        """API metrics of the operations that have them."""
        if name not in _METRICS:
            return
        metric, stream = _METRICS[name], str(body.get("DeliveryStreamName", ""))
        add = partial(self._metrics.add_for, who.account, who.region, stream)
        add(f"{metric}.Requests", 1, "Count")
        add(f"{metric}.Latency", seconds * 1000, "Milliseconds")
        if name == "PutRecordBatch":
            add(f"{metric}.Records", len(body["Records"]), "Count")
        if name in _PUTS:
            records = body["Records"] if name == "PutRecordBatch" else [body["Record"]]
            add(f"{metric}.Bytes", sum(len(record["Data"]) * 3 // 4 for record in records), "Bytes")


def _guard(host: str) -> Any:
    """Answers no web page of another site."""
    any_host = not is_loopback(f"//[{host}]" if ":" in host else f"//{host}")

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if reason := refusal(request.headers, any_host=any_host):
            return web.json_response({"message": reason}, status=403)
        try:
            return await handler(request)
        except ApiError as error:  # of the control API's routes
            return web.json_response({"message": error.message}, status=error.status)

    return guard


async def _within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(work, seconds)


def _stream_name(body: dict[str, Any]) -> str:
    name = body.get("DeliveryStreamName")
    return name if isinstance(name, str) else ""


def _refusal(error: ApiError) -> web.Response:
    """The code is in the body; SDKs take it from the header just as well."""
    headers = {"Content-Type": CONTENT_TYPE, "x-amzn-ErrorType": error.code}
    return web.Response(body=encode(error.body()), status=error.status, headers=headers)


async def serve(settings: Settings, ready: asyncio.Future[int] | None = None) -> None:
    """Run the server until cancelled; ``ready`` gets the port."""
    server = FirehoseServer(settings)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=1.0, keepalive_timeout=KEEP_ALIVE_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        port = runner.addresses[0][1]
        log.info("Data Firehose listens on http://%s:%d", settings.host, port)
        print(json.dumps({"endpoint": f"http://{settings.host}:{port}"}), flush=True)
        if ready is not None:
            ready.set_result(port)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
