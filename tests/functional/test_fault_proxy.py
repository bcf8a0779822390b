"""The tests' own proxy: it knows which answers nobody heard."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from testbench.polling import eventually
from tests.support.fault_proxy import FaultProxy, fault_proxy


@pytest.fixture
def go_on() -> threading.Event:
    """The service answers when it is set."""
    return threading.Event()


@pytest.fixture
def proxy(go_on: threading.Event) -> Iterator[FaultProxy]:
    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            go_on.wait(10)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with fault_proxy(f"http://127.0.0.1:{server.server_address[1]}") as running:
        yield running
    server.shutdown()
    server.server_close()
    thread.join()


def connection(proxy: FaultProxy) -> HTTPConnection:
    """A client that has sent a call."""
    client = HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=10)
    client.request("POST", "/", body=b"{}", headers={"X-Amz-Target": "AmazonSQS.SendMessageBatch"})
    return client


def test_an_answer_that_its_client_reads_is_not_unheard(proxy: FaultProxy, go_on: threading.Event) -> None:
    go_on.set()

    client = connection(proxy)
    assert client.getresponse().status == 200
    client.close()

    assert (proxy.seen["SendMessageBatch"], proxy.unheard.total()) == (1, 0)


def test_a_call_whose_client_is_gone_before_the_answer_is_unheard(proxy: FaultProxy, go_on: threading.Event) -> None:
    client = connection(proxy)
    eventually(proxy.seen.total, lambda seen: seen == 1, within=10, what="the call is at the service")
    assert client.sock is not None
    client.sock.shutdown(socket.SHUT_RDWR)
    client.close()
    go_on.set()

    eventually(lambda: proxy.unheard["SendMessageBatch"], lambda count: count == 1, within=10, what="it is unheard")
