"""The search index as OpenSearch has it, and the bucket of the orders it rejected."""

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from examples.ecommerce.demo.read_archive import GZIP_MAGIC, list_keys

Document = dict[str, Any]


@dataclass(frozen=True)
class Figures:
    """What the index says by aggregations over all orders in it."""

    orders: int
    average_amount: float
    products: list[tuple[str, int]]
    payment_methods: list[tuple[str, int]]


@dataclass(frozen=True)
class Rejected:
    """One document the index rejected, as Firehose wrote it into the bucket.

    Attributes:
        key: the object it stands in.
        order: the order.
        error_code: the HTTP status the index gave the document.
        error_message: the index's own error, JSON.
        attempts: how often it was tried.
    """

    key: str
    order: Document
    error_code: str
    error_message: str
    attempts: int

    @property
    def reason(self) -> str:
        """The innermost reason of the error in words."""
        error = json.loads(self.error_message)
        while isinstance(error.get("caused_by"), dict):
            error = error["caused_by"]
        return f"{error['type']}: {error['reason']}"


class Index:
    """The indices whose names begin with `name`: each day has one of its own."""

    def __init__(self, url: str, name: str) -> None:
        self._client = OpenSearch(url)
        self._pattern = f"{name}-*"

    def documents(self) -> list[Document]:
        """Every document."""
        self._client.indices.refresh(index=self._pattern, ignore_unavailable=True)
        return [hit["_source"] for hit in scan(self._client, index=self._pattern)]

    def figures(self) -> Figures:
        """Top products, payment methods and the average amount."""
        answer = self._client.search(
            index=self._pattern,
            body={
                "size": 0,
                "track_total_hits": True,
                "aggs": {
                    "average": {"avg": {"field": "amount"}},
                    "products": {"terms": {"field": "items.name.keyword", "size": 5}},
                    "payments": {"terms": {"field": "payment.method.keyword"}},
                },
            },
        )
        found = answer["aggregations"]
        return Figures(
            orders=answer["hits"]["total"]["value"],
            average_amount=found["average"]["value"] or 0.0,
            products=_buckets(found["products"]),
            payment_methods=_buckets(found["payments"]),
        )

    def delete(self) -> None:
        """Delete the indices: they are the domain's, so destroying the example leaves them."""
        for name in self._client.indices.get(index=self._pattern, allow_no_indices=True):
            self._client.indices.delete(index=name)


def _buckets(aggregation: dict[str, Any]) -> list[tuple[str, int]]:
    return [(bucket["key"], bucket["doc_count"]) for bucket in aggregation["buckets"]]


def rejected_documents(s3: Any, bucket: str) -> list[Rejected]:
    """Every rejected document of the bucket."""
    found = []
    for key in list_keys(s3, bucket):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        text = gzip.decompress(body) if body.startswith(GZIP_MAGIC) else body
        for line in text.splitlines():
            failed = json.loads(line)
            order = json.loads(base64.b64decode(failed["rawData"]))
            found.append(Rejected(key, order, failed["errorCode"], failed["errorMessage"], int(failed["attemptsMade"])))
    return found
