"""A web page of another site, in a browser on this machine: no part of the bench answers it."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import Any

import pytest

from local_firehose.web_pages import refusal
from testbench import Bench
from testbench.backends.web_pages import guarded

PAGES = {
    "of another site": {"Origin": "https://evil.example"},
    "in a sandboxed frame": {"Origin": "null"},
    "that sends a form or an image": {"Sec-Fetch-Site": "cross-site"},
    "whose name was pointed at this machine": {"Host": "evil.example:4566", "Sec-Fetch-Site": "same-origin"},
}
OURS = {
    "an SDK": {"Host": "127.0.0.1:4566"},
    "an SDK by IPv6": {"Host": "[::1]:4566"},
    "a bucket's own name": {"Host": "orders.s3.localhost:4566"},
    "LocalStack's name for this machine": {"Host": "orders.s3.localhost.localstack.cloud:4566"},
    "a front end on this machine": {"Host": "localhost:4566", "Origin": "http://localhost:3000"},
    "an address typed into the browser": {"Host": "localhost:4566", "Sec-Fetch-Site": "none"},
}


def small(headers: Mapping[str, str] | Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize("page", PAGES)
def test_a_foreign_page_is_refused_with_the_reason(page: str) -> None:
    assert "must be this machine's" in refusal(small(PAGES[page])) or "from this machine" in refusal(small(PAGES[page]))


@pytest.mark.parametrize("client", OURS)
def test_what_runs_on_this_machine_is_answered(client: str) -> None:
    assert refusal(small(OURS[client])) == ""


@pytest.mark.parametrize("host", ["localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost", "10.0.0.1", "["])
def test_a_name_that_only_looks_like_this_machine_is_refused(host: str) -> None:
    assert refusal({"host": host})


def test_a_server_that_listens_on_more_than_loopback_has_other_names_and_still_refuses_pages() -> None:
    assert refusal({"host": "host.docker.internal:4570"}, any_host=True) == ""
    assert refusal({"host": "host.docker.internal:4570", "origin": "https://evil.example"}, any_host=True)


@pytest.mark.parametrize("name", [b"Origin", b"origin", b"ORIGIN"])
def test_the_guard_of_an_emulator_knows_headers_however_they_are_written(name: bytes) -> None:
    sent: list[Any] = []

    async def emulator(*_: Any) -> None:
        raise AssertionError("the emulator must not be asked")

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    async def ask() -> None:
        headers = [(b"Host", b"127.0.0.1:4566"), (name, b"https://evil.example")]
        await guarded(emulator)({"type": "http", "headers": headers}, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 403


def asked(url: str, headers: Mapping[str, str], body: bytes | None = None) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers of what a browser would send without asking first: a GET, or a form's POST."""
    plain = {"Content-Type": "text/plain"} if body is not None else {}
    request = urllib.request.Request(url, body, {**plain, **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), small(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), small(error.headers)


def urls(bench: Bench) -> list[str]:
    found = bench.endpoints
    return [
        f"{found.aws_endpoint_url}/_localstack/health",  # MiniStack answers there, too
        f"{found.aws_endpoint_url}/",
        f"{found.firehose_url}/_firehose/streams",
        f"{found.opensearch_url}/_cat/indices",
    ]


@pytest.mark.parametrize("page", PAGES)
def test_no_part_answers_a_foreign_page(bench: Bench, page: str) -> None:
    for url in urls(bench):
        status, body, headers = asked(url, PAGES[page])
        assert status == 403, (url, body)
        assert b"this machine" in body
        assert headers.get("access-control-allow-origin") != "*"


def test_a_foreign_page_changes_nothing(bench: Bench) -> None:
    found = bench.endpoints
    page = PAGES["of another site"]
    form = b"Action=CreateTopic&Name=made-by-a-page&Version=2010-03-31"
    fault = json.dumps({"point": "call", "stream": "made-by-a-page"}).encode()
    assert asked(found.aws_endpoint_url, page, form)[0] == 403
    assert asked(f"{found.aws_endpoint_url}/_ministack/reset", page, b"")[0] == 403
    assert asked(f"{found.firehose_url}/_firehose/faults", page, fault)[0] == 403
    topics = bench.client("sns").list_topics()["Topics"]
    assert not [topic for topic in topics if topic["TopicArn"].endswith("made-by-a-page")]
    assert b"made-by-a-page" not in asked(f"{found.firehose_url}/_firehose/faults", {})[1]


def test_no_answer_may_be_read_by_every_page(bench: Bench) -> None:
    for url in urls(bench):
        assert "access-control-allow-origin" not in asked(url, {})[2]
    own = {"Origin": "http://localhost:3000"}
    status, _, headers = asked(f"{bench.endpoints.aws_endpoint_url}/_localstack/health", own)
    assert (status, headers.get("access-control-allow-origin")) in ((200, "http://localhost:3000"), (200, None))
