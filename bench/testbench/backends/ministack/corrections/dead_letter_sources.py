"""ListDeadLetterSourceQueues: the queues whose dead letters a queue takes. MiniStack 1.5.33 does not have it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html
"""

import json
from typing import Any

from testbench.backends.ministack.corrections import hooks


def apply() -> None:
    """Add it to the operations of the emulator's queues."""
    queues = hooks.service("sqs")

    def sources(data: dict[str, Any], url: str) -> dict[str, Any]:
        arn = queues._get_q(data.get("QueueUrl", url), "sqs:ListDeadLetterSourceQueues")["attributes"]["QueueArn"]
        return {
            "queueUrls": [
                source
                for source, queue in queues._queues.items()
                if json.loads(queue["attributes"].get("RedrivePolicy") or "{}").get("deadLetterTargetArn") == arn
            ]
        }

    hooks.expected(queues, "_get_q", "url", "action")
    queues._HANDLERS["ListDeadLetterSourceQueues"] = sources
