"""Placing orders through the HTTP API, as a shop's web pages would."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from examples.ecommerce.demo.orders import Sample

AT_ONCE = 4
TIMEOUT_SECONDS = 60.0
"""API Gateway itself gives up after 29 s; a first call on a busy machine starts the function."""


@dataclass(frozen=True)
class Answer:
    """What the API said to one request."""

    sample: Sample
    status: int
    body: dict[str, Any]

    @property
    def order_id(self) -> str | None:
        """The id of an accepted order."""
        return self.body["orderId"] if self.status == 201 else None

    @property
    def refusals(self) -> list[tuple[str, str]]:
        """(field, reason) as the answer has them; API Gateway's own answer has one reason and no separate field."""
        if "validation" in self.body:
            return [("", self.body["validation"])]
        return [(error["field"], error["reason"]) for error in self.body.get("errors", [])]

    @property
    def as_expected(self) -> bool:
        """Accepted where it had to be, or refused as a bad request that names the faulty field."""
        wrong = self.sample.wrong_field
        if wrong is None:
            return self.status == 201
        last = wrong.rpartition(".")[2]
        named = any(field == wrong or (not field and last in reason) for field, reason in self.refusals)
        return self.status == 400 and named


def place(url: str, samples: Sequence[Sample], advance: Callable[[int], None]) -> list[Answer]:
    """POST every sample, a few at a time; the answers come in the order of the samples.

    Args:
        url: where orders are taken.
        samples: what to send.
        advance: told how many are answered, after each.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the bench is on loopback
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(_post, opener, url, sample) for sample in samples]
        for done, _ in enumerate(as_completed(waiting), start=1):
            advance(done)
    return [future.result() for future in waiting]


def _post(opener: urllib.request.OpenerDirector, url: str, sample: Sample) -> Answer:
    request = urllib.request.Request(  # noqa: S310 - the URL is the bench's own
        url, data=sample.body.encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return Answer(sample, response.status, _json(response.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(sample, error.code, _json(error.read()))


def _json(body: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(body))
    except (ValueError, TypeError):
        return {"text": body.decode(errors="replace")}
