"""Brings the faults of the schedule about on a running stand, and counts how often each has really struck."""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from testbench.polling import eventually
from tests.chaos.events import DEAR
from tests.chaos.schedule import Injection
from tests.chaos.stand import Stand, say
from tests.support.fault_proxy import Answer, Request, aws_error

STRIKES_WITHIN = 60.0
ARMED = "armed by make chaos"
POINTS: dict[str, tuple[str, dict[str, Any]]] = {
    "put-partly": ("put-entry", {}),
    "put-refused": ("call", {}),
    "put-answer-lost": ("lost-answer", {}),
    "function-timed-out": ("latency", {"operation": "PutRecord*", "delay": 9.0}),
    "function-killed": ("latency", {"operation": "PutRecord*", "delay": 3.0}),
    "s3-denied": ("s3", {"message": ARMED}),
    "s3-answer-lost": ("s3-duplicate", {}),
    "opensearch-partly": ("opensearch-item", {}),
    "opensearch-answer-lost": ("opensearch-duplicate", {}),
}
"""Kinds that Data Firehose's own faults bring about: the point and its options."""
ENDED = {"function-timed-out": '"Task timed out"', "function-killed": '"Runtime.ExitError"'}
"""What Lambda writes into the function's log when it has ended an invocation."""


@dataclass
class Armed:
    """A fault at Data Firehose, also over its restarts, which forget what is armed."""

    kind: str
    point: str
    options: dict[str, Any]
    times: int
    id: str
    before: int = 0
    hits: int = 0


@dataclass
class Faults:
    """`struck`: kind and fork of a fault, and how often it has struck."""

    stand: Stand
    struck: Counter[str] = field(default_factory=Counter)
    _armed: list[Armed] = field(default_factory=list)
    _refusals: deque[int] = field(default_factory=deque)
    _sends: deque[str] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.stand.domain.rule = self._at_the_domain
        self.stand.sqs.rule = self._at_sqs

    def inject(self, injection: Injection) -> None:
        """Begin a fault. Those that need a moment (a process ends, a policy comes back) are over when this returns."""
        say(f"{injection.kind} {injection.fork} x{injection.times}")
        kind = injection.kind
        if kind in ENDED:
            self._invocation_ended(kind, injection.fork)
        elif kind in POINTS:
            self._arm(kind, injection.fork, injection.times)
        elif kind.startswith("opensearch-") and kind[-3:].isdigit():
            self._refusals.extend([int(kind[-3:])] * injection.times)
        else:
            {
                "policy-away": self._policy_away,
                "opensearch-killed": self._opensearch_killed,
                "firehose-killed": self._firehose_killed,
                "second-delivery": self._second_delivery,
                "send-refused": self._send,
                "send-partly": self._send,
                "replay-killed": self._send,
            }[kind](injection)

    def counted(self, planned: Sequence[Injection]) -> dict[str, int]:
        """How often each planned fault has struck."""
        self._note()
        hits = Counter(self.struck)
        for one in self._armed:
            if one.kind not in ENDED:
                hits[one.kind] += one.hits
        return {kind: hits[kind] for kind in sorted({one.kind for one in planned})}

    # -- at Data Firehose ------------------------------------------------------------------------------------------

    def _arm(self, kind: str, fork: str, times: int) -> Armed:
        point, options = POINTS[kind]
        options = {**options, "stream": self.stand.stream(fork)}
        armed = Armed(kind, point, options, times, self.stand.stack.firehose.arm(point, times=times, **options))
        self._armed.append(armed)
        return armed

    def _note(self) -> None:
        now = {one["id"]: int(one["hits"]) for one in self.stand.stack.firehose.armed()}
        for one in self._armed:
            one.hits = one.before + now.get(one.id, 0)

    def _firehose_killed(self, _: Injection) -> None:
        self._note()
        self.stand.bench.kill("firehose")
        self.struck["firehose-killed"] += 1
        self.stand.bench.start_again("firehose", opensearch_url=self.stand.domain.url)
        for one in self._armed:
            one.before = one.hits
            left = one.times - one.hits
            one.id = self.stand.stack.firehose.arm(one.point, times=left, **one.options) if left else ""

    # -- functions -------------------------------------------------------------------------------------------------

    def _invocation_ended(self, kind: str, fork: str) -> None:
        """Firehose does not answer in time: Lambda ends the function, or we do while it waits."""
        before = self._logged(fork, ENDED[kind])
        armed = self._arm(kind, fork, 1)

        def hit() -> int:
            self._note()
            return armed.hits

        if not self._comes(hit, kind):
            return
        if kind == "function-killed":
            for process in self.stand.bench.function_processes(self.stand.fork(fork)["function_name"]):
                process.kill()
        if self._comes(lambda: self._logged(fork, ENDED[kind]) - before, kind):
            self.struck[kind] += self._logged(fork, ENDED[kind]) - before

    def _logged(self, fork: str, pattern: str) -> int:
        pages = self.stand.stack.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.stand.fork(fork)["log_group_name"], filterPattern=pattern)
        return sum(len(page["events"]) for page in found)

    def _comes(self, look: Callable[[], int], kind: str) -> bool:
        """Whether it comes in time. One that does not is seen at the end: it was injected 0 times."""
        try:
            return eventually(look, bool, within=STRIKES_WITHIN, what=kind) > 0
        except AssertionError as late:
            say(str(late))
            return False

    # -- policies, the node, second deliveries ---------------------------------------------------------------------

    def _policy_away(self, _: Injection) -> None:
        """Without the statements on S3; those on the error log stay, which says what was refused."""
        iam = self.stand.stack.client("iam")
        role = self.stand.stack.output["delivery_role_arn"].rpartition("/")[2]
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        left = [one for one in whole["Statement"] if "s3:" not in json.dumps(one["Action"])]
        assert 0 < len(left) < len(whole["Statement"])
        since = int(time.time() * 1000)
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**whole, "Statement": left}))
        try:
            self._comes(lambda: self._denied_by_iam(since), "policy-away")
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(whole))
        self.struck["policy-away"] += self._denied_by_iam(since)

    def _denied_by_iam(self, since: int) -> int:
        """Objects that could not be stored, without those that `s3-denied` has refused. `since`: in milliseconds."""
        logs, group = self.stand.stack.client("logs"), self.stand.stack.output["delivery_log_group"]
        found = logs.filter_log_events(logGroupName=group, startTime=since)["events"]
        told = [json.loads(one["message"]) for one in found]
        return sum("AccessDenied" in one["errorCode"] and ARMED not in one["message"] for one in told)

    def _opensearch_killed(self, _: Injection) -> None:
        self.stand.bench.kill("opensearch")
        self.struck["opensearch-killed"] += 1
        self.stand.bench.start_again("opensearch")

    def _second_delivery(self, injection: Injection) -> None:
        """Put into a fork's queue what SNS has put there before, as the replay queue has it."""
        sqs, url = self.stand.stack.client("sqs"), self.stand.fork(injection.fork)["queue_url"]
        sent = 0

        def send() -> int:
            nonlocal sent
            held = sqs.receive_message(
                QueueUrl=self.stand.fork("replay")["queue_url"], MaxNumberOfMessages=10, VisibilityTimeout=30
            )
            for message in held.get("Messages", []):
                amount = int(json.loads(message["Body"])["MessageAttributes"]["amount"]["Value"])
                if injection.fork == "backup" or amount >= DEAR:
                    sqs.send_message(QueueUrl=url, MessageBody=message["Body"])
                    sent += 1
            return max(0, sent - injection.times + 1)

        self._comes(send, injection.kind)
        self.struck[injection.kind] += sent

    # -- at the proxies --------------------------------------------------------------------------------------------

    def _at_the_domain(self, request: Request) -> Answer | None:
        with self._lock:
            if not (request.method == "POST" and request.path.startswith("/_bulk") and self._refusals):
                return None
            status = self._refusals.popleft()
            self.struck[f"opensearch-{status}"] += 1
        error = {"error": {"type": "chaos_exception", "reason": f"chaos: {status}"}, "status": status}
        return Answer(status, json.dumps(error).encode(), "application/json")

    def _send(self, injection: Injection) -> None:
        self._sends.extend([injection.kind] * injection.times)

    def _at_sqs(self, request: Request) -> Answer | None:
        """A fault for every third call: five in a row would use up the function's attempts, and nothing would go on."""
        with self._lock:
            if request.operation != "SendMessageBatch" or not self._sends or self.stand.sqs.seen[request.operation] % 3:
                return None
            kind = self._sends.popleft()
            if kind == "replay-killed":
                for process in self.stand.bench.function_processes(self.stand.fork("replay")["function_name"]):
                    process.kill()
                    self.struck[kind] += 1
                return None  # SQS gets it nevertheless: nobody hears the answer
            self.struck[kind] += 1
        if kind == "send-refused":
            return aws_error("ServiceUnavailable", "chaos", 503)
        failed = [
            {"Id": one["Id"], "Code": "InternalError", "Message": "chaos", "SenderFault": False}
            for one in json.loads(request.body)["Entries"]
        ]
        return Answer(200, json.dumps({"Successful": [], "Failed": failed}).encode())
