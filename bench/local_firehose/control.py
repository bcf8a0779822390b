"""The control API of the bench, under ``/_firehose/``: health, faults, clock, buffers. JSON in, JSON out.

GET    /_firehose/health
GET    /_firehose/faults            what is armed
POST   /_firehose/faults            arm one: {"point", "stream"?, "times"?, "rate"?, "seconds"?, ...options}
DELETE /_firehose/faults[/ID]       disarm one or all
GET    /_firehose/clock
PUT    /_firehose/clock             {"speed"?, "offset_seconds"?, "advance_seconds"?}
GET    /_firehose/streams[/NAME]    states and buffers
POST   /_firehose/flush             {"stream"?}: deliver what is buffered now
"""

import json
from typing import Any

from aiohttp import web

from local_firehose.api.protocol import decode
from local_firehose.api.uploads import Uploads
from local_firehose.faults import POINTS, FaultError, Faults
from local_firehose.pipeline.tools import Tools
from local_firehose.registry import Entry, Registry

_CLOCK_MEMBERS = {"speed", "offset_seconds", "advance_seconds"}


class ControlApi:
    """Handlers of the control routes."""

    def __init__(self, tools: Tools, registry: Registry, faults: Faults, uploads: Uploads) -> None:
        self._tools = tools
        self._registry = registry
        self._faults = faults
        self._uploads = uploads

    def add_routes(self, app: web.Application) -> None:
        """Hang the routes into the application."""
        router = app.router
        router.add_get("/_firehose/health", self._health)
        router.add_get("/_firehose/faults", self._list_faults)
        router.add_post("/_firehose/faults", self._arm)
        router.add_delete("/_firehose/faults", self._disarm)
        router.add_delete("/_firehose/faults/{id}", self._disarm)
        router.add_get("/_firehose/clock", self._clock)
        router.add_put("/_firehose/clock", self._set_clock)
        router.add_get("/_firehose/streams", self._streams)
        router.add_get("/_firehose/streams/{name}", self._streams)
        router.add_post("/_firehose/flush", self._flush)

    async def _health(self, _: web.Request) -> web.Response:
        entries = self._registry.entries()
        budget = self._tools.budget
        return web.json_response(
            {
                "status": "ok",
                "service": "firehose",
                "streams": len(entries),
                "undelivered_records": sum(entry.pipeline.ledger.records for entry in entries),
                "memory": {"used_bytes": budget.used, "limit_bytes": budget.limit},
                "clock_speed": self._tools.clock.speed,
                "durable": self._tools.settings.state is not None,
            }
        )

    async def _list_faults(self, _: web.Request) -> web.Response:
        points = {name: {"chance": point.chance, "options": point.options} for name, point in POINTS.items()}
        armed = [fault.to_json() for fault in self._faults.armed]
        return web.json_response({"armed": armed, "points": points})

    async def _arm(self, request: web.Request) -> web.Response:
        try:
            fault = self._faults.arm(await self._json(request))
        except FaultError as error:
            raise _bad_request(str(error)) from error
        return web.json_response(fault.to_json(), status=201)

    async def _disarm(self, request: web.Request) -> web.Response:
        wanted = request.match_info.get("id", "")
        gone = self._faults.disarm(wanted)
        if wanted and not gone:
            raise web.HTTPNotFound(text=json.dumps({"message": f"no fault {wanted}"}), content_type="application/json")
        return web.json_response({"disarmed": gone})

    async def _clock(self, _: web.Request) -> web.Response:
        return web.json_response(self._clock_state())

    async def _set_clock(self, request: web.Request) -> web.Response:
        given = await self._json(request)
        if unknown := sorted(set(given) - _CLOCK_MEMBERS):
            raise _bad_request(f"unknown member {', '.join(unknown)}; known are {', '.join(sorted(_CLOCK_MEMBERS))}")
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in given.values()):
            raise _bad_request("speed, offset_seconds and advance_seconds are numbers")
        clock = self._tools.clock
        try:
            clock.set(
                speed=given.get("speed"),
                offset=given.get("offset_seconds"),
                advance=given.get("advance_seconds", 0.0),
            )
        except ValueError as error:
            raise _bad_request(str(error)) from error
        return web.json_response(self._clock_state())

    async def _streams(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "")
        return web.json_response({"streams": [_stream(entry) for entry in self._registry.named(name)]})

    async def _flush(self, request: web.Request) -> web.Response:
        given = await self._json(request)
        entries = self._registry.named(str(given.get("stream", "")))
        for entry in entries:
            entry.pipeline.flush()
        return web.json_response({"flushed": [entry.stream.name for entry in entries]})

    async def _json(self, request: web.Request) -> dict[str, Any]:
        async with self._uploads.body(request) as data:
            return decode(data)

    def _clock_state(self) -> dict[str, float]:
        clock = self._tools.clock
        return {
            "speed": clock.speed,
            "offset_seconds": clock.offset,
            "elapsed_seconds": round(clock.elapsed(), 3),
            "now": round(clock.now(), 3),
        }


def _stream(entry: Entry) -> dict[str, Any]:
    stream = entry.stream
    return {
        "name": stream.name,
        "arn": stream.arn,
        "status": stream.status,
        "version": stream.version,
        "idle": entry.pipeline.idle,
        "undelivered_records": entry.pipeline.ledger.records,
        "buffers": entry.pipeline.buffers(),
    }


def _bad_request(message: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"message": message}), content_type="application/json")
