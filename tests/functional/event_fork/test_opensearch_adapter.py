"""The search domain's adapter against a server on loopback: how requests are signed, and what becomes of answers."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from event_fork.adapters.opensearch import OpenSearchDomain
from event_fork.errors import CallFailedError
from event_fork.index_management.search_domain import Answer


class Domain(ThreadingHTTPServer):
    """Answers every request with `status` and `answer`; `seen` has method, path, headers and body of each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.answer = 200, b'{"acknowledged":true}'
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Domain

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_GET = do_PUT = do_DELETE = _any  # noqa: N815 the names that the base class calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Domain]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    server = Domain()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_request_is_signed_for_the_service_es_in_the_functions_region(domain: Domain) -> None:
    answer = OpenSearchDomain(domain.endpoint).call("PUT", "/orders-2*/_alias/orders-all", {"x": "é"})

    ((method, path, headers, body),) = domain.seen
    assert answer == Answer(200, {"acknowledged": True})
    assert (method, path, json.loads(body)) == ("PUT", "/orders-2*/_alias/orders-all", {"x": "é"})
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/eu-west-1/es/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"


class Secrets:
    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 boto3's name
        return {"SecretString": json.dumps({"username": "admin", "password": f"of {SecretId}"})}


def test_with_a_secret_a_request_has_user_and_password_and_no_signature(domain: Domain) -> None:
    OpenSearchDomain(domain.endpoint, "arn:secret", Secrets()).call("GET", "/x")

    assert domain.seen[0][2]["Authorization"] == f"Basic {base64.b64encode(b'admin:of arn:secret').decode()}"


@pytest.mark.parametrize(
    ("text", "body"), [(b"", {}), (b"<html>busy</html>", {}), (b"[1]", {}), (b'{"a":1}', {"a": 1})]
)
def test_an_answer_that_is_no_json_object_has_its_status(domain: Domain, text: bytes, body: dict[str, Any]) -> None:
    domain.status, domain.answer = 503, text

    assert OpenSearchDomain(domain.endpoint).call("DELETE", "/x") == Answer(503, body)


def test_a_domain_that_does_not_answer_may_answer_a_moment_later(domain: Domain) -> None:
    domain.shutdown()
    domain.server_close()

    with pytest.raises(CallFailedError) as raised:
        OpenSearchDomain(domain.endpoint).call("GET", "/x")
    assert raised.value.transient


def test_a_domain_is_called_by_https() -> None:
    with pytest.raises(CallFailedError, match="https://localhost:1/x"):
        OpenSearchDomain("localhost:1").call("GET", "/x")
