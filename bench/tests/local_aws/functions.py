"""Functions, mappings and their logs with unique names, for the tests of the bench."""

import io
import json
import uuid
import zipfile
from typing import Any

from testbench import Bench
from testbench.iam_roles import make_role
from testbench.polling import eventually, wait_until_active

DONE = "def handler(event, context):\n    return 'done'\n"


def zipped(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("main.py", code)
    return content.getvalue()


class Functions:
    """What the tests make and look at."""

    def __init__(self, bench: Bench) -> None:
        self.api, self.logs, self.sqs = bench.client("lambda"), bench.client("logs"), bench.client("sqs")
        self.role = make_role(
            bench.client, "lambda", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"
        )

    def make(self, code: str = DONE, handler: str = "main.handler", **settings: Any) -> str:
        name = settings.pop("name", f"functions-{uuid.uuid4().hex[:8]}")
        self.api.create_function(
            FunctionName=name,
            Runtime=settings.pop("Runtime", "python3.13"),
            Role=settings.pop("role", self.role),
            Handler=handler,
            Code={"ZipFile": zipped(code)},
            **settings,
        )
        return str(name)

    def active(self, name: str) -> str:
        wait_until_active(self.api, name)
        self.state(name, "LastUpdateStatus", "Successful")
        return name

    def state(self, name: str, field: str, wanted: str) -> dict[str, Any]:
        found: dict[str, Any] = eventually(
            lambda: self.api.get_function_configuration(FunctionName=name),
            lambda found: found[field] == wanted,
            within=20,
            what=f"{field} {wanted}",
        )
        return found

    def call(self, name: str, event: Any = None) -> Any:
        """What the function answers, when it is active."""
        answer = self.api.invoke(FunctionName=self.active(name), Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def failure(self, name: str) -> dict[str, Any]:
        answer = self.api.invoke(FunctionName=self.active(name))
        assert answer["FunctionError"] == "Unhandled"
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        return found

    def log(self, name: str) -> str:
        events = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return "\n".join(event["message"] for event in events)

    def queue(self) -> str:
        url = self.sqs.create_queue(QueueName=f"functions-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def mapping(self, identifier: str, state: str) -> None:
        eventually(
            lambda: self.api.get_event_source_mapping(UUID=identifier)["State"],
            lambda found: found == state,
            within=20,
            what=state,
        )
