"""What our own code does beside the library that could do it: bytes kept, calls made, seconds and native files needed.

    python -m venv /tmp/own
    /tmp/own/bin/pip install aws-lambda-powertools==3.23.0 boto3 cramjam jsonpath-ng jsonpath-rfc9535
    /tmp/own/bin/python benchmarks/own_code.py

docs/decisions/0005-own-code.md has the figures and what follows from them.
"""

import importlib.metadata
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas"))

CARD = ', "card": "4111111111111111"'
MESSAGE = (
    '{"amount": 1.10, "limit": 1e400, "id": 123456789012345678901.5, "tag": "a", "tag": "b"' + CARD + ', "note": "é"}'
)
EXPECTED = MESSAGE.replace(CARD, "")
MESSAGES = 1_000


def seconds(work: Callable[[], Any], rounds: int = 5) -> float:
    """The median time of the work."""

    def once() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return statistics.median(once() for _ in range(rounds))


def modules_of(statement: str) -> int:
    """How many modules an import loads into a new interpreter."""
    code = f"import sys; before = len(sys.modules); {statement}; print(len(sys.modules) - before)"
    run = [sys.executable, "-c", code]
    return int(subprocess.run(run, check=True, capture_output=True, env={"PYTHONPATH": sys.path[0]}).stdout)


def native_files(*distributions: str) -> str:
    """Compiled files of installed distributions, which bind a zip to one processor and one Python."""
    found = [
        Path(str(file.locate()))
        for name in distributions
        for file in importlib.metadata.files(name) or []
        if file.suffix == ".so"
    ]
    return f"{len(found)} compiled files, {sum(file.stat().st_size for file in found) / 1e6:.1f} MB"


def redaction() -> None:
    """Remove one member of a message whose numbers and doubled names show whether it was parsed and written again."""
    import jsonpath_rfc9535 as rfc9535  # type: ignore[import-not-found]
    from aws_lambda_powertools.utilities.data_masking import DataMasking

    from event_fork.events.redaction import Matches, Redactor
    from event_fork.events.redaction_rules import parse_rules

    redactor, matches = Redactor(parse_rules('[{"path": "$.card"}]')), Matches()
    query, masking = rfc9535.compile("$.card"), DataMasking()

    def ours(message: str) -> str:
        return redactor.text(message, matches)

    def by_query(message: str) -> str:
        value = json.loads(message)
        for node in query.find(value):
            del value[node.location[-1]]
        return json.dumps(value, ensure_ascii=False)

    def by_masking(message: str) -> str:
        return json.dumps(masking.erase(json.loads(message), fields=["$.card"]), ensure_ascii=False)

    for name, work in (("ours", ours), ("jsonpath-rfc9535", by_query), ("data masking", by_masking)):
        written = work(MESSAGE)
        kept = "every other byte kept" if written == EXPECTED else f"bytes changed: {written}"
        spent = seconds(lambda work=work: [work(MESSAGE) for _ in range(MESSAGES)])  # type: ignore[misc]
        print(f"  {name}: {spent * 1e6 / MESSAGES:.0f} us a message; {kept}")
    for module in ("event_fork.events.redaction", "jsonpath_rfc9535", "aws_lambda_powertools.utilities.data_masking"):
        print(f"  import {module}: {modules_of(f'import {module}')} modules")
    print(f"  jsonpath-rfc9535 and what it needs: {native_files('regex', 'iregexp-check')}")


def partial_batches() -> None:
    """A batch of 1,000 messages: how often the code that puts to Data Firehose is called."""
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    records = [
        {"messageId": str(number), "body": MESSAGE, "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs"}
        for number in range(MESSAGES)
    ]
    event = {"Records": [{**record, "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:q"} for record in records]}
    puts: list[str] = []
    processor = BatchProcessor(event_type=EventType.SQS)

    def put(record: SQSRecord) -> None:
        puts.append(record.body)

    process_partial_response(event, put, processor, None)
    print(f"  Powertools: the record handler is called {len(puts)} times for one batch")
    for module in ("event_fork.events.sqs_event", "aws_lambda_powertools.utilities.batch"):
        print(f"  import {module}: {modules_of(f'import {module}')} modules")


def back_off() -> None:
    """An answer of 200 with a failed record: how many requests botocore makes of one call, in each of its modes."""
    import boto3
    from botocore.awsrequest import AWSResponse
    from botocore.config import Config

    body = json.dumps(
        {"FailedPutCount": 1, "RequestResponses": [{"ErrorCode": "ServiceUnavailableException"}]}
    ).encode()

    class Raw:
        def stream(self, *_: Any, **__: Any) -> Any:
            yield body

    for mode in ("legacy", "standard", "adaptive"):
        sent: list[str] = []

        def answer(request: Any, sent: list[str] = sent, **_: Any) -> AWSResponse:
            sent.append(request.url)
            headers: Any = {"Content-Type": "application/x-amz-json-1.1"}
            return AWSResponse(request.url, 200, headers, Raw())

        client: Any = boto3.client(
            "firehose",
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106
            config=Config(retries={"mode": mode, "max_attempts": 5}),
        )
        client.meta.events.register("before-send.firehose.PutRecordBatch", answer)
        failed = client.put_record_batch(DeliveryStreamName="s", Records=[{"Data": b"x"}])["FailedPutCount"]
        print(f"  botocore {mode}: {len(sent)} request, {failed} record left")


def snappy() -> None:
    """A stream of snappy-java, as Data Firehose writes it, 8 MB of JSON lines."""
    import cramjam

    from event_fork.archive.snappy import decompress_stream

    plain = b"".join(b'{"id": "o-%d", "amount": %d}\n' % (number, number * 7 % 1000) for number in range(250_000))
    blocks = [
        bytes(cramjam.snappy.compress_raw(plain[start : start + 32_768])) for start in range(0, len(plain), 32_768)
    ]
    stream = b"\x82SNAPPY\x00" + (1).to_bytes(4, "big") * 2
    stream += b"".join(len(block).to_bytes(4, "big") + block for block in blocks)
    assert b"".join(decompress_stream(iter([stream]))) == plain
    ours = seconds(lambda: list(decompress_stream(iter([stream]))))
    theirs = seconds(lambda: [cramjam.snappy.decompress_raw(block) for block in blocks])
    print(f"  {len(plain) / 1e6:.1f} MB: ours {ours * 1000:.0f} ms, cramjam block by block {theirs * 1000:.0f} ms")
    print(f"  cramjam: {native_files('cramjam')}")
    try:
        cramjam.snappy.decompress(stream)
        print("  cramjam reads the stream itself")
    except cramjam.DecompressionError as error:
        print(f"  cramjam on the stream itself: {error}")


if __name__ == "__main__":
    for part in (redaction, partial_batches, back_off, snappy):
        print(part.__name__.replace("_", " "))
        part()
