"""The backup as it lies in S3: objects, their bytes, and the events in them."""

import gzip
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

GZIP_MAGIC = b"\x1f\x8b"
CARD_FIELDS = ("cardNumber", "cardHolder", "expiry", "cvc")


@dataclass(frozen=True)
class ArchivedObject:
    """One object of the backup.

    Attributes:
        key: where it lies.
        compression: GZIP or none, by its first bytes, whatever its name says.
        encryption: as HeadObject has it: AES256, aws:kms or none.
        text: its bytes, decompressed.
    """

    key: str
    compression: str
    encryption: str
    text: bytes

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        """The events, one line each, as SNS wrote them."""
        return [json.loads(line) for line in self.text.splitlines() if line.strip()]


@dataclass(frozen=True)
class Archive:
    """The whole backup; `error_keys` are objects under errors/, of which there should be none."""

    objects: tuple[ArchivedObject, ...]
    error_keys: tuple[str, ...]

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        """Every event."""
        return [envelope for stored in self.objects for envelope in stored.envelopes]

    @property
    def orders(self) -> list[dict[str, Any]]:
        """Every event's order, fractions as Decimal."""
        return [json.loads(envelope["Message"], parse_float=Decimal) for envelope in self.envelopes]

    def compressions(self) -> str:
        """The compression of the objects; several are joined, as no archive should have them."""
        return ", ".join(sorted({stored.compression for stored in self.objects}))

    def encryptions(self) -> str:
        """The encryption of the objects, like `compressions`."""
        return ", ".join(sorted({stored.encryption for stored in self.objects}))

    def card_data(self, card_numbers: Iterable[str]) -> list[str]:
        """Every place where a card number or the name of a card field stands in the bytes, as `key: what`."""
        words = [*card_numbers, *(f'"{name}' for name in CARD_FIELDS)]
        pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words))
        return [f"{stored.key}: {found.decode()}" for stored in self.objects for found in pattern.findall(stored.text)]


class ArchiveReader:
    """Reads the archive of a bucket again and again; objects never change, so none is fetched twice."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._known: dict[str, ArchivedObject] = {}

    def read(self) -> Archive:
        """The archive as it is now."""
        keys = list_keys(self._s3, self._bucket)
        errors = tuple(key for key in keys if key.startswith("errors/"))
        events = [key for key in keys if "date=" in key and not key.startswith("errors/")]
        return Archive(tuple(self._object(key) for key in events), errors)

    def _object(self, key: str) -> ArchivedObject:
        if key not in self._known:
            head = self._s3.head_object(Bucket=self._bucket, Key=key)
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            compressed = body.startswith(GZIP_MAGIC)
            self._known[key] = ArchivedObject(
                key=key,
                compression="GZIP" if compressed else "none",
                encryption=head.get("ServerSideEncryption", "none"),
                text=gzip.decompress(body) if compressed else body,
            )
        return self._known[key]


def list_keys(s3: Any, bucket: str) -> list[str]:
    """The keys of all objects of a bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [listed["Key"] for page in pages for listed in page.get("Contents", [])]
