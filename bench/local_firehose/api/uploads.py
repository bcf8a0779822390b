"""Bodies of requests: read within a time, and bounded together by the bytes that have come.

Not by how many are read: a client that sends nothing more costs what it has sent, and nobody waits for it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from local_firehose.api.errors import RequestTimeoutError, RequestTooLargeError, ServiceUnavailableError

MIB = 1024 * 1024
MAX_BODY = 16 * MIB  # 4 MiB of records in base64 with generous JSON around them
MAX_BODIES = 256 * MIB
READ_SECONDS = 20.0


class Uploads:
    """What is being read, and what is worked on."""

    def __init__(self) -> None:
        self._used = 0
        self._reading: dict[object, asyncio.Timeout] = {}  # who was silent for longest is first

    @contextlib.asynccontextmanager
    async def body(self, request: web.Request) -> AsyncIterator[bytes]:
        """The request's body, counted until the end of the block."""
        held = bytearray()
        try:
            await self._read(request, held)
            yield bytes(held)
        finally:
            self._used -= len(held)

    async def _read(self, request: web.Request, held: bytearray) -> None:
        me = object()
        try:
            async with asyncio.timeout(READ_SECONDS) as deadline:
                while chunk := await request.content.readany():
                    self._reading.pop(me, None)
                    self._reading[me] = deadline
                    held += chunk
                    self._used += len(chunk)
                    if len(held) > MAX_BODY:
                        raise RequestTooLargeError(f"Request body is larger than {MAX_BODY} bytes")
                    self._make_room(me)
        except TimeoutError as error:
            raise RequestTimeoutError("The request body did not come in time") from error
        finally:
            self._reading.pop(me, None)

    def _make_room(self, me: object) -> None:
        """Who was silent for longest gives way: a client that hangs before one that sends."""
        if self._used <= MAX_BODIES:
            return
        silent = next(iter(self._reading))
        if silent is me:
            raise ServiceUnavailableError("Slow down.")
        if not (deadline := self._reading.pop(silent)).expired():
            deadline.reschedule(0)
