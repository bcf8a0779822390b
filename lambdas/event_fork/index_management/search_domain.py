"""The port to the search domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """Of the domain."""

    status: int
    body: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """Why it refused, in its own words."""
        texts = ("message", "Message", "error")  # of Dashboards, of AWS, of a proxy
        error = self.body.get("error")
        if not isinstance(error, Mapping):
            error = next((self.body[name] for name in texts if name in self.body), "it gave no reason")
        if not isinstance(error, Mapping):
            return str(error)
        while isinstance(error.get("caused_by"), Mapping):
            error = error["caused_by"]
        return str(error.get("reason"))


class SearchDomain(Protocol):
    """An OpenSearch domain."""

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> Answer:
        """One request; a body of bytes is JSON lines unless `headers` say otherwise.

        Raises CallFailedError when the domain gives no answer.
        """
