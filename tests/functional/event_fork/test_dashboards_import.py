"""The installer and its adapter against OpenSearch Dashboards' import as its source has it: what is refused, and how.

The rules stand in src/core/server of OpenSearch Dashboards: http/lifecycle_handlers (header), in saved_objects
routes/import (form, file name), import (types, references, conflicts), migrations/core/document_migrator (versions).
"""

import email
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from event_fork.adapters.opensearch import OpenSearchDomain
from event_fork.errors import DomainRefusedError
from event_fork.index_management import dashboards as made
from event_fork.index_management.dashboards import Dashboards
from event_fork.index_management.installer import Installer
from event_fork.index_management.managed_index import ManagedIndex, Request
from event_fork.sending.backoff import Backoff, Deadline

WANTED = Dashboards("orders", "orders-2*", "global", ["amount"], ["country.keyword", 'a/b "c"'], "In a bucket.")
INDEX = ManagedIndex("orders", "orders-2*", "event-fork-orders", {}, None, None, dashboards=WANTED)
KNOWN = {"index-pattern": "7.6.0", "visualization": "7.10.0", "dashboard": "7.9.3"}
Key = tuple[str, str, str]


class Dashboard(ThreadingHTTPServer):
    """A domain that takes everything, and its Dashboards; `stored` by tenant, type and id."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stored: dict[Key, dict[str, Any]] = {}
        self.known = dict(KNOWN)
        self.login_page = False

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        url = urlsplit(path)
        if not url.path.startswith("/_dashboards/"):
            return 200, {}
        if self.login_page:
            return 302, None
        if method not in ("GET", "HEAD") and not ({"osd-xsrf", "osd-version"} & {name.lower() for name in headers}):
            return _bad(400, "Request must contain a osd-xsrf header.")
        tenant = headers.get("securitytenant", "__user__")
        rest = url.path.removeprefix("/_dashboards/api/saved_objects/")
        if method == "DELETE":
            kind, _, identity = rest.partition("/")
            if self.stored.pop((tenant, kind, unquote(identity)), None) is None:
                return _bad(404, f"Saved object [{kind}/{unquote(identity)}] not found")
            return 200, {}
        if (method, rest) != ("POST", "_import"):
            return _bad(404, "Not Found")
        if not headers["Content-Type"].startswith("multipart/form-data"):
            return _bad(415, "Unsupported Media Type")
        form = email.message_from_bytes(b"Content-Type: %b\r\n\r\n%b" % (headers["Content-Type"].encode(), body))
        parts = {part.get_param("name", header="content-disposition"): part for part in form.walk()}
        file = parts.get("file")
        if file is None:
            return _bad(400, "[request body.file]: expected value of type [Stream] but got [undefined]")
        if not (file.get_filename() or "").lower().endswith(".ndjson"):
            return _bad(400, "Invalid file extension")
        text = file.get_payload(decode=True)
        assert isinstance(text, bytes)
        objects = [json.loads(line) for line in text.splitlines() if line.strip()]
        return self.imported(objects, tenant, overwrite=parse_qs(url.query).get("overwrite") == ["true"])

    def imported(self, objects: list[dict[str, Any]], tenant: str, *, overwrite: bool) -> tuple[int, Any]:
        keys = [(tenant, each["type"], each["id"]) for each in objects]
        if len(set(keys)) != len(keys):
            return _bad(400, "Non-unique import objects detected")
        errors, made = [], []
        for key, each in zip(keys, objects, strict=True):
            refers = [
                (tenant, to["type"], to["id"]) for to in each["references"] if to["type"] in ("index-pattern", "search")
            ]
            missing = [to for to in refers if to not in self.stored and to not in keys]
            if each["type"] not in KNOWN:
                errors.append({"type": each["type"], "id": each["id"], "error": {"type": "unsupported_type"}})
            elif missing:
                errors.append({"type": each["type"], "id": each["id"], "error": {"type": "missing_references"}})
            elif key in self.stored and not overwrite:
                errors.append({"type": each["type"], "id": each["id"], "error": {"type": "conflict"}})
            elif _parts(each["migrationVersion"][each["type"]]) > _parts(self.known[each["type"]]):
                text = f'Document "{each["id"]}" has property "{each["type"]}" which belongs to a more recent version'
                return _bad(422, f"{text} of OpenSearch Dashboards")
            else:
                made.append((key, each))
        self.stored |= dict(made)
        return 200, {"successCount": len(made), "success": not errors} | ({"errors": errors} if errors else {})


def _bad(status: int, message: str) -> tuple[int, Any]:
    return status, {"statusCode": status, "error": "Bad Request", "message": message}


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


class _Handler(BaseHTTPRequestHandler):
    server: Dashboard

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.server.answer(self.command, self.path, self.headers, body)
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_DELETE = do_POST = _any  # noqa: N815 the names that the base class calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dashboard]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    server = Dashboard()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(server: Dashboard, request: Request) -> None:
    once = Backoff(attempts=1, base=0.0, draw=lambda _, longest: longest)
    domain = OpenSearchDomain(f"127.0.0.1:{server.server_address[1]}")
    Installer(domain, Deadline.in_milliseconds(60_000), once).run(request)


def keys(of: Dashboards) -> set[Key]:
    return {(of.tenant, kind, identity) for kind, identity in of.identities()}


def test_all_saved_objects_are_imported_and_the_second_time_written_over(domain: Dashboard) -> None:
    run(domain, Request(INDEX))
    run(domain, Request(INDEX))

    assert set(domain.stored) == keys(WANTED)
    assert len(domain.stored) == 5 + 2 + 1 + 2  # five panels, index pattern and dashboard, a number, two values
    dashboard = domain.stored["global", "dashboard", "event-fork-orders"]
    assert {reference["id"] for reference in dashboard["references"]} == {
        identity for kind, identity in WANTED.identities() if kind == "visualization"
    }


@pytest.mark.parametrize(
    "after",
    [
        replace(INDEX, dashboards=replace(WANTED, numbers=[], values=["country.keyword"])),
        replace(INDEX, dashboards=replace(WANTED, tenant="sales")),
        replace(INDEX, dashboards=replace(WANTED, fork="other")),
        replace(INDEX, dashboards=None),
    ],
)
def test_a_change_leaves_nothing_of_what_was_before(domain: Dashboard, after: ManagedIndex) -> None:
    run(domain, Request(INDEX))
    run(domain, Request(after, previous=INDEX))

    assert set(domain.stored) == (keys(after.dashboards) if after.dashboards else set())


def test_a_destroy_takes_away_its_own_objects_and_no_others_and_does_not_mind_missing_ones(domain: Dashboard) -> None:
    run(domain, Request(INDEX))
    theirs = ("global", "dashboard", "theirs")
    domain.stored[theirs] = {}
    del domain.stored["global", "dashboard", "event-fork-orders"]

    run(domain, Request(INDEX, remove=True))

    assert set(domain.stored) == {theirs}


@pytest.mark.parametrize("kind", KNOWN)
def test_dashboards_of_an_older_version_say_so_in_the_error(domain: Dashboard, kind: str) -> None:
    domain.known[kind] = "7.0.0"

    with pytest.raises(DomainRefusedError, match=r'with 422: Document "event-fork-orders.*a more recent version'):
        run(domain, Request(INDEX))


def test_an_object_that_is_refused_is_named_though_the_status_is_200(
    domain: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "INDEX_PATTERN", "canvas")
    monkeypatch.setitem(made._MIGRATED, "canvas", "1.0.0")

    with pytest.raises(DomainRefusedError, match="refused to import canvas event-fork-orders: unsupported_type"):
        run(domain, Request(INDEX))


def test_dashboards_behind_a_page_to_log_in_on_are_an_error(domain: Dashboard) -> None:
    domain.login_page = True

    with pytest.raises(DomainRefusedError, match="it answered 302 to a request without a session"):
        run(domain, Request(INDEX))


def test_a_role_that_dashboards_does_not_know_is_an_error_with_its_own_words(
    domain: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "imported", lambda *_, **__: _bad(403, "no permissions for [indices:data/write/bulk]"))

    with pytest.raises(DomainRefusedError, match=r"403: no permissions for \[indices:data/write/bulk\]; let the role"):
        run(domain, Request(INDEX))
