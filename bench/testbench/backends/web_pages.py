"""An emulator serves web pages of other sites and lets every page read its answers.

MiniStack 1.5.33 answers whoever asks, with `Access-Control-Allow-Origin: *`; LocalStack 2026.3.0 does not look at the
Host. So any page that is open in a browser on this machine could make a function and run it. AWS asks for a signature,
which no foreign page has. Here such requests are refused (what counts as one: local_firehose/web_pages.py), and a page
of this machine is named instead of `*`.
"""

import importlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local_firehose.web_pages import refusal
from testbench.backends import hooks

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
_ALLOWED = b"access-control-allow-origin"


def guarded(app: App) -> App:
    """The ASGI application behind the guard."""

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        # Lower case: LocalStack asks the server for the names as they were sent.
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        reason = refusal(headers)
        if reason:
            await _refuse(scope["type"], reason, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _named(message.get("headers", []), headers.get("origin", ""))
            await send(message)

        setattr(sent, "__self__", getattr(send, "__self__", None))  # noqa: B010 -- rolo asks it whether it is closed
        await app(scope, receive, sent)

    return guard


async def _refuse(kind: str, reason: str, send: Send) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    body = json.dumps({"message": reason}).encode()
    sizes = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": sizes})
    await send({"type": "http.response.body", "body": body})


def _named(headers: list[tuple[bytes, bytes]], origin: str) -> list[tuple[bytes, bytes]]:
    """The answer's headers with the page's own origin for `*`, and without it where no page asked."""
    kept = []
    for name, value in headers:
        if name.lower() == _ALLOWED and value == b"*":
            kept += [(_ALLOWED, origin.encode("latin-1")), (b"vary", b"Origin")] if origin else []
        else:
            kept.append((name, value))
    return kept


def serve(original: Callable[..., Any], app: Any, config: Any, **options: Any) -> Any:
    """Serve the guarded application."""
    return original(guarded(app), config, **options)


def apply() -> None:
    """Before the emulator imports it, which it does when it starts."""
    hooks.wrap(
        importlib.import_module("hypercorn.asyncio"), "serve", ("app", "config", "shutdown_trigger", "mode"), serve
    )
