"""Data Firehose: records taken, in whole calls or in part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clients import Network, ServiceError

MAX_RECORDS = 500
MAX_BYTES = 4_194_304
MAX_RECORD_BYTES = 1_024_000


@dataclass
class Firehose:
    """One account's streams: name -> the records' bytes in the order of their coming."""

    network: Network
    streams: dict[str, list[bytes]] = field(default_factory=dict)

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the stream's name."""
        return str(params["DeliveryStreamName"])

    def put_record_batch(self, **params: Any) -> Any:
        records = [record["Data"] for record in params["Records"]]
        if len(records) > MAX_RECORDS or sum(map(len, records)) > MAX_BYTES:
            raise ServiceError("InvalidArgumentException", "the batch is too large")
        if any(len(data) > MAX_RECORD_BYTES for data in records):
            raise ServiceError("InvalidArgumentException", "a record is too large")
        failing = self.network.entries_that_fail(len(records))
        stream = self.streams[params["DeliveryStreamName"]]
        responses: list[dict[str, str]] = []
        for place, data in enumerate(records):
            if place in failing:
                responses.append({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "slow down"})
            else:
                stream.append(data)
                responses.append({"RecordId": str(len(stream))})
        return {"FailedPutCount": len(failing), "RequestResponses": responses}
