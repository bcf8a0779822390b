"""A search domain in memory: what `search` and `verify` ask of one, and its faults where a test wants them."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from event_fork.index_management.search_domain import NONE, Answer

Document = dict[str, Any]
_PAGE = 3
"""Small, so that a few documents take several pages."""


@dataclass
class FakeDomain:
    """`refuses`: what a document's error is, if it has one. `trouble`: answers to come before any other."""

    indices: dict[str, dict[str, Document]] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)
    template: dict[str, Any] = field(default_factory=dict)
    refuses: Callable[[Document], dict[str, Any] | None] = lambda _: None
    trouble: list[Answer] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _scrolls: dict[str, list[Document]] = field(default_factory=dict)

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> Answer:
        """See SearchDomain."""
        self.calls.append(f"{method} {path}")
        if self.trouble:
            return self.trouble.pop(0)
        parts = urlsplit(path)
        given: Any = body
        for pattern, handler in _HANDLERS:
            if match := re.fullmatch(pattern, f"{method} {unquote(parts.path)}"):
                return handler(self, given, parse_qs(parts.query), *match.groups())
        return Answer(400, {"error": {"type": "x", "reason": f"no handler for {method} {path}"}})

    def names(self, expression: str) -> list[str]:
        """The indices that are meant."""
        found = []
        for part in expression.split(","):
            found += [name for name in self.indices if fnmatchcase(name, part)]
            found += list(self.aliases.get(part, {}))
        return found

    def seen(self, expression: str) -> list[tuple[str, str, Document]]:
        """Index, id and document of all that a search finds, filters of aliases minded."""
        hits = []
        for part in expression.split(","):
            for name in self.names(part):
                limit = self.aliases.get(part, {}).get(name)
                for key, document in self.indices[name].items():
                    if limit is None or _matches(limit, document):
                        hits.append((name, key, document))
        return hits

    def _bulk(self, body: bytes, _: Any) -> Answer:
        lines = body.split(b"\n")[:-1]
        items = []
        for action, text in zip(lines[::2], lines[1::2], strict=True):
            target = json.loads(action)["create"]
            document = json.loads(text)
            index = self.indices.setdefault(target["_index"], {})
            if error := self.refuses(document):
                items.append({"create": {"status": error["status"], "error": error}})
            elif target["_id"] in index:
                items.append({"create": {"status": 409, "error": {"type": "version_conflict_engine_exception"}}})
            else:
                index[target["_id"]] = document
                items.append({"create": {"status": 201}})
        return Answer(200, {"items": items})

    def _search(self, body: Any, query: Any, expression: str) -> Answer:
        hits = [hit for hit in self.seen(expression) if _matches(body["query"], hit[2])]
        if "scroll" not in query:
            found = [{"_index": index, "_id": key, "_source": document} for index, key, document in hits]
            return Answer(200, {"hits": {"hits": found[: body["size"]]}})
        part = body.get("slice", {"id": 0, "max": 1})
        mine = [document for number, (_, _, document) in enumerate(hits) if number % part["max"] == part["id"]]
        scroll = f"scroll-{len(self._scrolls)}"
        self._scrolls[scroll] = mine
        return self._page(scroll)

    def _scroll(self, body: Any, _: Any) -> Answer:
        return self._page(body["scroll_id"])

    def _page(self, scroll: str) -> Answer:
        page, self._scrolls[scroll] = self._scrolls[scroll][:_PAGE], self._scrolls[scroll][_PAGE:]
        hits = [
            {
                "fields": {
                    "@timestamp": [document["@timestamp"]],
                    **({"event_id.keyword": [document["event_id"]]} if "event_id" in document else {}),
                }
            }
            for document in page
        ]
        return Answer(200, {"_scroll_id": scroll, "hits": {"hits": hits}} if hits else {"_scroll_id": scroll})

    def _count(self, body: Any, _: Any, expression: str) -> Answer:
        return Answer(200, {"count": sum(_matches(body["query"], hit[2]) for hit in self.seen(expression))})

    def _make(self, body: Any, _: Any, name: str) -> Answer:
        self.indices[name], self.bodies[name] = {}, body
        return Answer(200, {})

    def _mapping(self, _: Any, __: Any, expression: str) -> Answer:
        found = {name: {"mappings": self.bodies.get(name, {}).get("mappings", {})} for name in self.names(expression)}
        return Answer(200, found) if found else Answer(404, {})

    def _put_mapping(self, body: Any, _: Any, name: str) -> Answer:
        self.bodies[name]["mappings"].update(body)
        return Answer(200, {})

    def _aliases_of(self, _: Any, __: Any, expression: str) -> Answer:
        names = self.names(expression)
        if not names:
            return Answer(404, {})
        return Answer(
            200, {name: {"aliases": {a: {} for a, of in self.aliases.items() if name in of}} for name in names}
        )

    def _alias(self, _: Any, __: Any, alias: str) -> Answer:
        found = self.aliases.get(alias)
        if not found:
            return Answer(404, {})
        limits = {name: {} if limit is None else {"filter": limit} for name, limit in found.items()}
        return Answer(200, {name: {"aliases": {alias: limit}} for name, limit in limits.items()})

    def _swap(self, body: Any, _: Any) -> Answer:
        for action in body["actions"]:
            ((what, of),) = action.items()
            if what == "add":
                self.aliases.setdefault(of["alias"], {})[of["index"]] = of.get("filter")
            else:
                del self.aliases[of["alias"]][of["index"]]
        return Answer(200, {})

    def _index(self, _: Any, __: Any, name: str) -> Answer:
        if name not in self.indices:
            return Answer(404, {})
        aliases: dict[str, Any] = {alias: {} for alias, of in self.aliases.items() if name in of}
        return Answer(200, {name: {"aliases": aliases, "mappings": self.bodies.get(name, {}).get("mappings", {})}})

    def _delete(self, _: Any, __: Any, name: str) -> Answer:
        del self.indices[name]
        return Answer(200, {})

    def _fields(self, *_: Any) -> Answer:
        return Answer(
            200, {"fields": {"event_id.keyword": {"keyword": {"aggregatable": True}}, "event_id": {"text": {}}}}
        )

    def _simulated(self, *_: Any) -> Answer:
        return Answer(200, {"template": json.loads(json.dumps(self.template))})

    def _nothing(self, *_: Any) -> Answer:
        return Answer(200, {})

    def _templates(self, *_: Any) -> Answer:
        return Answer(404, {})


def _matches(query: Any, document: Document) -> bool:
    ((kind, inner),) = query.items()
    if kind == "range":
        ((name, limits),) = inner.items()
        return bool(limits["gte"] <= document[name] < limits["lt"])
    if kind == "bool" and "should" in inner:
        return any(_matches(each, document) for each in inner["should"])
    if kind == "bool":
        assert set(inner) <= {"filter", "must_not"}, inner
        return all(_matches(each, document) for each in inner.get("filter", [])) and not any(
            _matches(each, document) for each in inner.get("must_not", [])
        )
    if kind == "terms":
        ((name, values),) = inner.items()
        return document.get(name) in list(values)
    if kind in ("ids", "match"):
        return bool(kind == "match")  # the command looks at what it gets once more
    raise AssertionError(f"the fake does not know the query {kind}")


_HANDLERS: list[tuple[str, Callable[..., Answer]]] = [
    ("POST /_bulk", FakeDomain._bulk),
    ("POST /_search/scroll", FakeDomain._scroll),
    ("DELETE /_search/scroll", FakeDomain._nothing),
    ("POST /_aliases", FakeDomain._swap),
    ("POST /_index_template/_simulate_index/.*", FakeDomain._simulated),
    ("GET /_index_template/.*", FakeDomain._templates),
    ("GET /_alias/(.*)", FakeDomain._alias),
    ("POST /(.*)/_search", FakeDomain._search),
    ("POST /(.*)/_count", FakeDomain._count),
    ("POST /.*/_refresh", FakeDomain._nothing),
    ("PUT /.*/_settings", FakeDomain._nothing),
    ("GET /(.*)/_mapping", FakeDomain._mapping),
    ("PUT /(.*)/_mapping", FakeDomain._put_mapping),
    ("GET /(.*)/_alias", FakeDomain._aliases_of),
    ("GET /.*/_field_caps", FakeDomain._fields),
    ("PUT /([^/]*)", FakeDomain._make),
    ("GET /([^/]*)", FakeDomain._index),
    ("DELETE /([^/]*)", FakeDomain._delete),
]
