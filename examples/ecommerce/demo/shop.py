"""Where the parts of the applied example are: Terraform's outputs, for the demo's code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shop:
    """Names and addresses of one applied example.

    Attributes:
        orders_url: address that takes orders. On the bench the API is reached below the backend's own address, not at
            the amazonaws.com host of the output `api_url`.
        named_queries: id of each prepared Athena query by its name.
    """

    name: str
    topic: str
    orders_url: str
    table: str
    checkout_queue: str
    backup_bucket: str
    index: str
    rejected_bucket: str
    replay_queue: str
    dead_letter_queues: Mapping[str, str]
    named_queries: Mapping[str, str]

    @classmethod
    def of(cls, name: str, outputs: Mapping[str, Any], aws_endpoint_url: str) -> "Shop":
        """The shop of an applied example, from its outputs."""
        return cls(
            name=name,
            topic=outputs["topic_arn"],
            orders_url=f"{aws_endpoint_url}/_aws/execute-api/{outputs['api_id']}/{outputs['api_stage_name']}/orders",
            table=outputs["table_name"],
            checkout_queue=outputs["checkout_queue_url"],
            backup_bucket=outputs["backup_bucket_name"],
            index=outputs["search_index_name"],
            rejected_bucket=outputs["rejected_bucket_name"],
            replay_queue=outputs["replay_queue_url"],
            dead_letter_queues={
                fork: outputs[f"{fork}_dead_letter_queue_url"] for fork in ("checkout", "backup", "search", "replay")
            },
            named_queries=outputs["athena_named_query_ids"],
        )
