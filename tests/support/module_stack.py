"""A Terraform configuration of this project on the bench, as the end-to-end tests of the modules use it."""

import gzip
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local_firehose.client import FirehoseControl
from testbench import Bench
from testbench.leftovers import leftovers
from testbench.workspace import Workspace

ENTRIES = 10
"""What PublishBatch and ReceiveMessage take at once."""


@dataclass(frozen=True)
class Event:
    """A message as it is published: text, and attributes as name -> text or number."""

    message: str
    attributes: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket."""

    key: str
    body: bytes
    encryption: str
    kms_key: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines in it, decompressed where it is GZIP (told by its first bytes: error objects may be plain)."""
        text = gzip.decompress(self.body) if self.body.startswith(b"\x1f\x8b") else self.body
        return [json.loads(line) for line in text.decode().splitlines()]


@dataclass
class ModuleStack:
    """An applied configuration. `name` is in the name of everything it made."""

    bench: Bench
    workspace: Workspace
    name: str
    published: list[str] = field(default_factory=list)
    """Message ids of everything that `publish` sent."""
    destroyed: bool = False

    @cached_property
    def output(self) -> dict[str, Any]:
        return self.workspace.output()

    @cached_property
    def firehose(self) -> FirehoseControl:
        """The control API of Data Firehose. Arm faults for a stream of this stack only: the bench is everybody's."""
        return FirehoseControl(self.bench.firehose_url)

    def client(self, service: str) -> Any:
        return self.bench.client(service)

    def publish(self, events: Iterable[Event]) -> list[str]:
        """Publish to the topic in output topic_arn; SNS's message ids, in the order of the events."""
        sns, ids, waiting = self.client("sns"), [], list(events)
        for first in range(0, len(waiting), ENTRIES):
            batch = waiting[first : first + ENTRIES]
            answer = sns.publish_batch(
                TopicArn=self.output["topic_arn"],
                PublishBatchRequestEntries=[
                    {"Id": str(n), "Message": event.message, "MessageAttributes": _attributes(event.attributes)}
                    for n, event in enumerate(batch)
                ],
            )
            assert answer.get("Failed", []) == []
            ids += [entry["MessageId"] for entry in sorted(answer["Successful"], key=lambda entry: int(entry["Id"]))]
        self.published += ids
        return ids

    def objects(self, bucket: str, prefix: str = "") -> list[StoredObject]:
        """Everything below a prefix."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = []
        for key in [each["Key"] for page in pages for each in page.get("Contents", [])]:
            got = s3.get_object(Bucket=bucket, Key=key)
            found.append(
                StoredObject(key, got["Body"].read(), got.get("ServerSideEncryption", ""), got.get("SSEKMSKeyId", ""))
            )
        return found

    def stored_events(self, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
        """The envelopes in the archive below a prefix, one for each stored line."""
        return [line for each in self.objects(bucket, prefix) for line in each.lines]

    def waiting(self, queue_url: str) -> int:
        """Messages in a queue, those in work included."""
        counts = self.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        return sum(int(counts[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))

    def take(self, queue_url: str) -> list[dict[str, Any]]:
        """Receive and delete what is visible in a queue now."""
        sqs = self.client("sqs")
        taken: list[dict[str, Any]] = []
        while True:
            got = sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=ENTRIES, MessageAttributeNames=["All"], WaitTimeSeconds=0
            ).get("Messages", [])
            if not got:
                return taken
            for message in got:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            taken += got

    def destroy(self) -> None:
        """Destroy it, unless that was done before."""
        if not self.destroyed:
            self.workspace.destroy()
            self.destroyed = True

    def leftovers(self) -> list[str]:
        """What of this stack the backend still has."""
        return leftovers(self.client, self.name)


@contextmanager
def applied(
    bench: Bench, configuration: str, files: Mapping[str, str] | None = None, /, **variables: Any
) -> Iterator[ModuleStack]:
    """Apply a configuration under a name of its own; at the end destroy what a test has not destroyed."""
    name = f"e2e-{secrets.token_hex(4)}"
    given = {"name": name, "powertools_layer_arn": bench.powertools_layer_arn, **variables}
    workspace = bench.workspace(configuration=configuration, variables=given, files=files or {})
    stack = ModuleStack(bench, workspace, name)
    try:
        workspace.apply()
        yield stack
    finally:
        stack.destroy()
        workspace.remove()


def _attributes(attributes: Mapping[str, str | int]) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": "Number" if isinstance(value, int) else "String", "StringValue": str(value)}
        for name, value in attributes.items()
    }
