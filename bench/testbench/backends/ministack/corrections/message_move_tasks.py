"""StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask: dead letters go back, or to another queue.

MiniStack 1.5.33 does not have them. On AWS a moved message is a new one: new id and time, its attributes kept.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
Who starts one needs the permissions to receive and delete from the source and to send to the destination.
"""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks

MOST_PER_SECOND = 500
MOST_LISTED = 10
ON_THE_SOURCE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
ON_THE_DESTINATION = ("sqs:SendMessage",)
NO_SOURCE = "CouldNotDetermineMessageSource"
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


@dataclass
class Task:
    """One task, as ListMessageMoveTasks tells of it."""

    source: str
    destination: str | None
    rate: int | None
    to_move: int
    status: str = "RUNNING"
    moved: int = 0
    failure: str | None = None
    started: int = field(default_factory=lambda: int(time.time() * 1000))
    handle: str = ""
    running: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        content = json.dumps({"taskId": str(uuid.uuid4()), "sourceArn": self.source})
        self.handle = base64.b64encode(content.encode()).decode()

    def described(self) -> dict[str, Any]:
        """The entry of the list; only a running task has a handle."""
        entry = {
            "TaskHandle": self.handle if self.status == "RUNNING" else None,
            "Status": self.status,
            "SourceArn": self.source,
            "DestinationArn": self.destination,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "FailureReason": self.failure,
            "StartedTimestamp": self.started,
        }
        return {name: value for name, value in entry.items() if value is not None}


def source_of(handle: str) -> str | None:
    """ARN of the queue of a task's handle, None when it is no handle."""
    try:
        return str(json.loads(base64.b64decode(handle, validate=True))["sourceArn"])
    except (ValueError, KeyError, TypeError):
        return None


def apply() -> None:
    """Add the three operations to those of the emulator's queues."""
    queues = hooks.service("sqs")
    wake = hooks.core("concurrency").esm_wake
    tasks: list[Task] = []

    def queue(arn: str, parameter: str) -> Any:
        found = queues._queue_by_arn(arn)
        if found is None:
            words = f"The resource that you specified for the {parameter} parameter doesn't exist."
            raise queues._Err("ResourceNotFoundException", words, 404)
        return found

    def invalid(words: str) -> Exception:
        error: Exception = queues._Err("InvalidParameterValue", words)
        return error

    def check_caller(actions: tuple[str, ...], arn: str) -> None:
        caller = authorisation.caller()
        if caller and (action := authorisation.denied(caller, actions, arn)):
            words = f"User: {caller} is not authorized to perform: {action.lower()} on resource: {arn}"
            raise queues._Err("AccessDeniedException", words, 403)

    def start(data: dict[str, Any], _url: str) -> dict[str, Any]:
        source, destination = data.get("SourceArn") or "", data.get("DestinationArn") or None
        rate = data.get("MaxNumberOfMessagesPerSecond")
        found = queue(source, "SourceArn")
        if not any(
            json.loads(other["attributes"].get("RedrivePolicy") or "{}").get("deadLetterTargetArn") == source
            for other in queues._queues.values()
        ):
            raise invalid("Source queue must be configured as a Dead Letter Queue.")
        if destination:
            if destination == source:
                raise invalid("Source queue arn and destination queue arn cannot be the same.")
            if queue(destination, "DestinationArn")["is_fifo"] != found["is_fifo"]:
                raise invalid("The source queue and destination queue must be of the same queue type.")
        if rate is not None and not 1 <= int(rate) <= MOST_PER_SECOND:
            raise invalid(
                f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and "
                f"{MOST_PER_SECOND}, if provided."
            )
        check_caller(ON_THE_SOURCE, source)
        if destination:
            check_caller(ON_THE_DESTINATION, destination)
        if any(task.source == source and task.status in ("RUNNING", "CANCELLING") for task in tasks):
            raise invalid(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                "time."
            )
        task = Task(source, destination, rate, len(found["messages"]))
        tasks.append(task)
        task.running = asyncio.get_running_loop().create_task(run(task))
        return {"TaskHandle": task.handle}

    async def run(task: Task) -> None:
        while task.status == "RUNNING":
            await asyncio.sleep(1 / task.rate if task.rate else 0)
            with queues._queues_lock:
                task.failure = move_one(task)
            if task.failure is not None:
                task.status = "FAILED" if task.failure else "COMPLETED"
        task.failure = task.failure or None
        if task.status == "CANCELLING":
            task.status = "CANCELLED"

    def move_one(task: Task) -> str | None:
        """Why it cannot go on, "" when nothing is left, None when a message was moved."""
        source = queues._queue_by_arn(task.source)
        if source is None:
            return NO_QUEUE
        now = time.time()
        visible = (place for place, found in enumerate(source["messages"]) if found["visible_at"] <= now)
        place = next(visible, None)
        if place is None or task.moved >= task.to_move:
            return ""
        message = source["messages"][place]
        queues._ensure_msg_fields(message)
        arn = task.destination or message["sys"].get("DeadLetterQueueSourceArn")
        if not arn:
            return NO_SOURCE
        destination = queues._queue_by_arn(arn)
        if destination is None:
            return NO_QUEUE
        del source["messages"][place]
        system = {name: value for name, value in message["sys"].items() if name != "DeadLetterQueueSourceArn"}
        new = {
            "id": str(uuid.uuid4()),
            "sent_at": now,
            "visible_at": now + queues.queue_delay(destination),
            "receive_count": 0,
            "first_receive_at": None,
            "receipt_handle": None,
            "sys": system | {"SentTimestamp": str(int(now * 1000))},
        }
        if destination["is_fifo"]:
            destination["fifo_seq"] += 1
            new["seq"] = str(destination["fifo_seq"]).zfill(20)
        kept = {name: value for name, value in message.items() if name != "enqueued_at"}
        destination["messages"].append(kept | new)
        task.moved += 1
        wake.set()
        return None

    def listed(data: dict[str, Any], _url: str) -> dict[str, Any]:
        source, most = data.get("SourceArn") or "", int(data.get("MaxResults") or 1)
        queue(source, "SourceArn")
        if not 1 <= most <= MOST_LISTED:
            raise invalid(f"Value {most} for parameter MaxResults is invalid. Reason: Must be between 1 and 10.")
        own = [task for task in reversed(tasks) if task.source == source]
        return {"Results": [task.described() for task in own[:most]]}

    def cancel(data: dict[str, Any], _url: str) -> dict[str, Any]:
        handle = data.get("TaskHandle") or ""
        if source_of(handle) is None:
            raise invalid("Value for parameter TaskHandle is invalid.")
        task = next((task for task in tasks if task.handle == handle), None)
        if task is None:
            raise queues._Err("ResourceNotFoundException", "Task does not exist.", 404)
        if task.status != "RUNNING":
            raise invalid("Only active tasks can be cancelled.")
        task.status = "CANCELLING"
        return {"ApproximateNumberOfMessagesMoved": task.moved}

    for name, parameters in {"_ensure_msg_fields": ("m",), "queue_delay": ("q",), "_queue_by_arn": ("arn",)}.items():
        hooks.expected(queues, name, *parameters)
    operations: dict[str, Callable[..., Any]] = {
        "StartMessageMoveTask": start,
        "ListMessageMoveTasks": listed,
        "CancelMessageMoveTask": cancel,
    }
    queues._HANDLERS.update(operations)
