"""A proxy on loopback between a client and the bench, which fails the requests that a test wants failed.

A rule sees the operation (`SendMessageBatch`, `GET /bucket/key`, ...) and the body of the request, and answers None to
let it through or what the client gets instead.
"""

import json
import re
import select
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What a rule sees. `client_port` is the TCP port the request came from, on loopback."""

    operation: str
    method: str
    path: str
    body: bytes
    client_port: int


@dataclass(frozen=True)
class Answer:
    """What the client gets instead."""

    status: int
    body: bytes
    content_type: str = "application/x-amz-json-1.0"


Rule = Callable[[Request], Answer | None]


def aws_error(code: str, message: str, status: int = 400) -> Answer:
    """An error of a JSON service (SQS, Step Functions, SSM)."""
    return Answer(status, json.dumps({"__type": code, "message": message}).encode())


@dataclass
class FaultProxy:
    """`url` is the endpoint to give to a client; `rule` may be changed at any time; `seen` counts operations.

    `failed`: operations that got the rule's answer. `unheard`: operations that the bench did and whose client was gone
    before the answer came (its time-out, its end): a client that promises "at least once" may do these again.
    """

    url: str
    rule: Rule = field(default=lambda _: None)
    seen: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    unheard: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Let everything through."""
        self.rule = lambda _: None


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """A running proxy to the endpoint `upstream`."""
    target = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        proxy: ClassVar[FaultProxy]

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or f"{self.command} {self.path}"
            request = Request(operation, self.command, self.path, body, self.client_address[1])
            self.proxy.seen[operation] += 1
            answer = self.proxy.rule(request)
            if answer is not None:
                self.proxy.failed[operation] += 1
                self._reply(answer.status, [("Content-Type", answer.content_type)], answer.body)
                return
            connection = HTTPConnection(target.hostname or "", target.port, timeout=60)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                connection.request(self.command, self.path, body=body, headers=headers)
                response = connection.getresponse()
                content = response.read()
                if self._client_is_gone():
                    self.proxy.unheard[operation] += 1
                kept = [(name, value) for name, value in response.getheaders() if not _HOP_BY_HOP.match(name)]
                self._reply(response.status, kept, content)
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815 -- http.server's names

        def _client_is_gone(self) -> bool:
            readable, _, _ = select.select([self.connection], [], [], 0)
            try:  # nothing can be read from a client that waits for its answer
                return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
            except ConnectionResetError:
                return True

        def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client is gone, which a test may have wanted

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            """A client that is gone is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_address[1]}")
    Handler.proxy = proxy
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_HOP_BY_HOP = re.compile("connection|transfer-encoding|content-length|keep-alive|date|server", re.IGNORECASE)
