"""A ``_bulk`` endpoint that keeps documents and answers what it is told to."""

import json
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web

from local_firehose.fakes.threads import ThreadedApp

# (index, id, document) -> (status, error object) of one document, or None to index it
Judge = Callable[[str, str | None, dict[str, Any]], tuple[int, dict[str, Any]] | None]


class FakeOpenSearch(ThreadedApp):
    """``refuse`` holds answers for whole requests, used up one by one; ``judge`` decides single documents."""

    def __init__(self) -> None:
        super().__init__(self._app)
        self.judge: Judge = lambda *_: None
        self.refuse: list[tuple[int, dict[str, Any]]] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._documents: dict[tuple[str, str], dict[str, Any]] = {}
        self._order: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def documents(self, index: str = "") -> list[dict[str, Any]]:
        """Indexed documents, oldest first."""
        with self._lock:
            return [self._documents[key] for key in self._order if index in ("", key[0])]

    def ids(self, index: str = "") -> list[str]:
        """Their ids."""
        with self._lock:
            return [key[1] for key in self._order if index in ("", key[0])]

    def indices(self) -> set[str]:
        """Names of indices that hold a document."""
        with self._lock:
            return {key[0] for key in self._order}

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=128 * 1024 * 1024)
        app.router.add_post("/_bulk", self._bulk)
        return app

    async def _bulk(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(({name.lower(): value for name, value in request.headers.items()}, body))
        if self.refuse:
            status, error = self.refuse.pop(0)
            return web.json_response({"error": error, "status": status}, status=status)
        lines = body.split(b"\n")
        if lines.pop() != b"" or len(lines) % 2:
            error = {"type": "illegal_argument_exception", "reason": "The bulk request must be terminated by a newline"}
            return web.json_response({"error": error, "status": 400}, status=400)
        items = [self._item(json.loads(lines[i]), lines[i + 1]) for i in range(0, len(lines), 2)]
        errors = any("error" in item["index"] for item in items)
        return web.json_response({"took": 1, "errors": errors, "items": items})

    def _item(self, action: dict[str, Any], line: bytes) -> dict[str, Any]:
        index, document_id = action["index"]["_index"], action["index"].get("_id")
        document = json.loads(line)
        refusal = self.judge(index, document_id, document)
        if refusal is not None:
            return {"index": {"_index": index, "_id": document_id, "status": refusal[0], "error": refusal[1]}}
        with self._lock:
            key = (index, document_id or f"made-{len(self._order)}")
            if key not in self._documents:
                self._order.append(key)
            self._documents[key] = document
        return {"index": {"_index": index, "_id": key[1], "status": 201}}
