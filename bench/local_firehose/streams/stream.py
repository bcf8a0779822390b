"""A delivery stream as the API knows it, ready to be stored as JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any

from local_firehose.api.protocol import Caller

DESTINATION_ID = "destinationId-000000000001"
DIRECT_PUT = "DirectPut"
KINESIS_SOURCE = "KinesisStreamAsSource"

CREATING = "CREATING"
CREATING_FAILED = "CREATING_FAILED"
ACTIVE = "ACTIVE"
DELETING = "DELETING"


@dataclass(slots=True)
class Encryption:
    """Server-side encryption of a DirectPut stream.

    While a change of the key is under way, and when it has failed, encryption goes on with the key before.
    """

    status: str = "DISABLED"
    key_type: str = ""
    key_arn: str = ""
    failure: dict[str, str] | None = None
    key_arn_before: str | None = None  # empty for the one that AWS owns, None when there was no encryption
    calls: list[float] = field(default_factory=list)  # clock readings of start and stop calls, at most 25 a day

    @property
    def key_in_force(self) -> str | None:
        """ARN of the key that records are encrypted with (empty: AWS's own); None when they are not encrypted."""
        return self.key_arn if self.status == "ENABLED" else self.key_arn_before


@dataclass(slots=True)
class Stream:
    """Everything DescribeDeliveryStream can tell; timestamps are epoch seconds."""

    account: str
    region: str
    partition: str
    name: str
    kind: str  # DirectPut or KinesisStreamAsSource
    destination_kind: str
    destination: dict[str, Any]
    created: float
    status: str = CREATING
    version: int = 1
    updated: float | None = None
    failure: dict[str, str] | None = None
    source: dict[str, Any] | None = None
    throughput_hint: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    encryption: Encryption = field(default_factory=Encryption)

    @property
    def arn(self) -> str:
        return stream_arn(Caller(self.account, self.region), self.name)

    @property
    def key(self) -> str:
        """Unique over accounts and regions."""
        return self.arn

    def to_json(self) -> dict[str, Any]:
        """All fields, as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Stream":
        """The stream that to_json() wrote."""
        encryption = {**value["encryption"], "calls": []}  # they were readings of a clock that starts anew
        return cls(**{**value, "encryption": Encryption(**encryption)})


def stream_arn(caller: Caller, name: str) -> str:
    """``arn:<partition>:firehose:<region>:<account>:deliverystream/<name>``."""
    return f"arn:{caller.partition}:firehose:{caller.region}:{caller.account}:deliverystream/{name}"
