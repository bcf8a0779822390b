"""A LocalStack that runs already, with the settings that bench/docs/localstack.md gives for its container.

There is no Docker on the project's machines: ours in host mode stands for it, started by hand, not by the bench.
"""

import io
import json
import os
import re
import shlex
import subprocess
import time
import uuid
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from testbench import Bench, composition, ports
from testbench.backends.localstack.part import LocalStack
from testbench.endpoints import Endpoints
from testbench.iam_roles import make_role
from testbench.parts import answers
from testbench.paths import PACKAGES
from testbench.polling import eventually
from testbench.progress import quiet

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(composition.backend().name != "localstack", reason="make test-localstack runs it"),
]
PAGE = (Path(__file__).parents[2] / "docs" / "localstack.md").read_text()
CODE = """
import boto3
def handler(event, context):
    answer = boto3.client("firehose").put_record(DeliveryStreamName=event, Record={"Data": b"from a function"})
    return answer["ResponseMetadata"]["HTTPStatusCode"]
"""


def settings(chosen: dict[str, int]) -> tuple[dict[str, str], dict[str, str]]:
    """(of the container, of the bench) as on the page, at ports that are free here."""
    block = re.search(r"```sh\ndocker run (.*?)\n(BENCH_.*?)\n```", PAGE, re.DOTALL)
    assert block, "the page has the block"
    places = {"4566": "localstack", "4570": "firehose", "4571": "opensearch"}
    container, bench = (re.sub("|".join(places), lambda m: str(chosen[places[m[0]]]), text) for text in block.groups())
    assert all(f":{chosen[part]}" in container + bench for part in places.values())
    words = shlex.split(container.replace("\\\n", " "))
    given = [value for flag, value in pairwise(words) if flag == "-e" and "=" in value]
    mine = [word for word in shlex.split(bench) if "=" in word]
    return dict(each.split("=", 1) for each in given), dict(each.split("=", 1) for each in mine)


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The bench beside it."""
    chosen = ports.choose(["localstack", "firehose", "opensearch"])
    container, bench = settings(chosen)
    folder = tmp_path_factory.mktemp("by-hand")
    LocalStack().install(quiet)
    argv, environment = _host_mode(chosen["localstack"], folder)
    with (folder / "log").open("wb") as log:
        theirs = subprocess.Popen(
            argv,
            cwd=PACKAGES,
            env=environment | container,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with pytest.MonkeyPatch.context() as patch:
        try:
            eventually(
                lambda: answers(f"http://127.0.0.1:{chosen['localstack']}/_localstack/health"),
                bool,
                within=180,
                what="a LocalStack that is up",
            )
            for name, value in bench.items():
                patch.setenv(name, value)
            with Bench.running(folder / "state") as running:
                yield running
        finally:
            theirs.terminate()
            theirs.wait(60)


def _host_mode(port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    """How it is started without Docker: nothing of it says anything of the bench's other parts."""
    command = LocalStack().command(port, Endpoints("localstack", f"http://127.0.0.1:{port}", "", ""), folder)
    return list(command.argv), dict(command.environment)


def test_the_bench_starts_only_what_the_emulator_lacks(joined: Bench) -> None:
    assert joined.endpoints.backend == "localstack"
    assert set(joined.endpoints.parts) == {"firehose", "opensearch"}
    assert os.environ["BENCH_FIREHOSE_PORT"] in joined.firehose_url
    joined.check()


def test_its_functions_reach_our_firehose(joined: Bench) -> None:
    name = f"by-hand-{uuid.uuid4().hex[:8]}"
    s3, functions, firehose = joined.client("s3"), joined.client("lambda"), joined.client("firehose")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": joined.endpoints.region})
    role = make_role(joined.client, "firehose", "s3:PutObject")
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": f"arn:aws:s3:::{name}",
            "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
        },
    )

    def status() -> str:
        stream = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        return str(stream["DeliveryStreamStatus"])

    eventually(status, lambda found: found == "ACTIVE", within=60, what="a stream that is active")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("main.py", CODE)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=make_role(joined.client, "lambda", "firehose:PutRecord"),
        Handler="main.handler",
        Code={"ZipFile": content.getvalue()},
        Timeout=30,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(name))
    assert json.loads(answer["Payload"].read()) == 200

    def stored() -> list[bytes]:
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=name).get("Contents", [])]
        return [s3.get_object(Bucket=name, Key=key)["Body"].read() for key in keys]

    assert eventually(stored, bool, within=60, what="an object") == [b"from a function"]


def test_a_domain_of_it_is_the_benchs_opensearch_node(joined: Bench) -> None:
    name = f"d-{uuid.uuid4().hex[:8]}"
    made = joined.create_domain(name)
    assert made["endpoint"] in joined.opensearch_url
    client = joined.client("opensearch")
    deadline = time.monotonic() + 60
    while (status := client.describe_domain(DomainName=name)["DomainStatus"])["Processing"]:
        assert time.monotonic() < deadline, status
        time.sleep(0.5)
    assert answers(f"http://{status['Endpoint']}/_cluster/health")
