"""Lambda's Runtime API for one execution environment: a small HTTP server that AWS's runtime interface client talks to.

The client asks for the next invocation, which it gets when there is one, and posts a response or an error.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Literal

_ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """What the client is handed. `deadline` is in seconds since the epoch."""

    request_id: str
    function_arn: str
    trace_id: str
    deadline: float
    event: bytes


@dataclass(frozen=True)
class Event:
    """Something that the runtime did. `exit` is put by whoever watches its process."""

    kind: Literal["ready", "response", "error", "init-error", "exit"]
    body: bytes = b""
    request_id: str = ""


class RuntimeApi:
    """`events` tells what the runtime does, `invocations` is what it is given."""

    def __init__(self) -> None:
        self.events: Queue[Event] = Queue()
        self.invocations: Queue[Invocation | None] = Queue()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="runtime-api", daemon=True).start()

    def close(self) -> None:
        """Stop serving; a client that waits for an invocation gets none."""
        self.invocations.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: RuntimeApi


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{_ROOT}/invocation/next":
            self._answer(HTTPStatus.NOT_FOUND, b"{}")
            return
        self.server.api.events.put(Event("ready"))
        invocation = self.server.api.invocations.get()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        self._answer(HTTPStatus.OK, invocation.event, headers)

    def do_POST(self) -> None:
        body = self._body()
        match self.path.removeprefix(_ROOT).split("/"):
            case ["", "invocation", request_id, "response"]:
                event = Event("response", body, request_id)
            case ["", "invocation", request_id, "error"]:
                event = Event("error", body, request_id)
            case ["", "init", "error"]:
                event = Event("init-error", body)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, b"{}")
                return
        self._answer(HTTPStatus.ACCEPTED, json.dumps({"status": "OK"}).encode())
        self.server.api.events.put(event)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: each invocation would be two lines in the emulator's log."""
