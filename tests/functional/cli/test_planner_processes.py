"""The planner with processes of its own, against an S3 that is reached by HTTP: same plan, flat memory."""

import gzip
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from event_fork.archive.layout import HIVE
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.plan import ArchiveLocation, Health, Plan, PlannedWindow, PlanRequest, Target
from event_fork_cli.archive_replay.planner import make_plan
from event_fork_cli.aws import AwsSettings, OpenArchive
from tests.support.local_s3 import local_s3

ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 20, tzinfo=UTC)
PER_OBJECT = 2_000
MEBIBYTE = 2**20

Objects = dict[str, Callable[[], bytes]]


def archive(events: int) -> Objects:
    """Objects that are made when they are asked for; in each, every hundredth event is one of the object before."""
    objects: Objects = {}
    for number in range(events // PER_OBJECT):
        begun = START + timedelta(minutes=number)
        key = f"{HIVE.prefix(begun)}s-1-{begun:%Y-%m-%d-%H-%M-%S}-{number:08x}-0.gz"
        objects[key] = lambda number=number, begun=begun: _object(number, begun)  # type: ignore[misc]
    return objects


def _object(number: int, begun: datetime) -> bytes:
    time = timestamp_text(begun)
    first = number * PER_OBJECT
    ids = (first + place - (PER_OBJECT - 1 if place % 100 == 0 and number else 0) for place in range(PER_OBJECT))
    lines = (
        f'{{"Type":"Notification","MessageId":"00000000-0000-4000-8000-{one:012d}","TopicArn":"arn:aws:sns:x:1:t",'
        f'"Message":"m","Timestamp":"{time}","MessageAttributes":{{"event_type":{{"Type":"String","Value":"t"}}}}}}\n'
        for one in ids
    )
    return gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0)


def request() -> PlanRequest:
    return PlanRequest(
        replay_id="r",
        created_at=timestamp_text(START + timedelta(days=9)),
        created_by="me",
        expires_at=timestamp_text(START + timedelta(days=10)),
        archive=ArchiveLocation("bucket", "", "eu-west-1"),
        window=PlannedWindow(timestamp_text(START), timestamp_text(START + timedelta(days=7)), 3600),
        filter_policy={"event_type": ["t"]},
        filter_policy_scope="MessageAttributes",
        event_types=("t",),
        event_type_attribute="event_type",
        target=Target("arn:aws:sqs:eu-west-1:000000000000:q", "https://sqs/000000000000/q", "raw"),
        engine=None,
        rate=1000,
        pace=None,
        workers=4,
        ramp=None,
        ramp_asks=False,
        health=Health(),
    )


def planned(endpoint: str, processes: int) -> Plan:
    store = OpenArchive(AwsSettings("eu-west-1", None, endpoint), "bucket", "eu-west-1")
    return make_plan(request(), store, processes=processes).plan


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_several_processes_make_the_same_plan_as_one() -> None:
    objects = archive(20_000)
    sizes = dict.fromkeys(objects, 1_500_000)  # so large that each process gets some

    with local_s3(objects, sizes) as endpoint:
        alone, together = planned(endpoint, 0), planned(endpoint, 2)

    assert together == alone
    # a hundredth of each object but the first repeats the object before it
    assert alone.totals.duplicates == 20 * 9
    assert alone.totals.events == 20_000 - 180


MEASURE = """
    import importlib.util, json, sys, threading
    import psutil
    spec = importlib.util.spec_from_file_location("planner_processes", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    peak, done = {"self": 0, "worker": 0}, threading.Event()

    def sample():
        # Not getrusage: its peak is inherited from the process that forked this one.
        me = psutil.Process()
        while not done.wait(0.01):
            peak["self"] = max(peak["self"], me.memory_info().rss)
            for child in me.children():
                try:
                    peak["worker"] = max(peak["worker"], child.memory_info().rss)
                except psutil.NoSuchProcess:
                    pass

    sampler = threading.Thread(target=sample)
    sampler.start()
    plan = module.planned(sys.argv[2], 1)
    done.set()
    sampler.join()
    print(json.dumps({"events": plan.totals.events, **peak}))
"""


def measured(events: int) -> dict[str, int]:
    """Peak resident bytes of the planning process and of its worker, over an archive of that many events."""
    objects = archive(events)
    with local_s3(objects, dict.fromkeys(objects, 1_500_000)) as endpoint:
        done = subprocess.run(
            [sys.executable, "-c", f"if __name__ == '__main__':{textwrap.indent(MEASURE, '    ')}", __file__, endpoint],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("cli", "lambdas", "."))},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    peak: dict[str, int] = json.loads(done.stdout)
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_the_archive() -> None:
    """Twelve times the events. A set of 480,000 ids alone would be 50 MiB, the lines of an object or two 2 MiB."""
    small, large = measured(40_000), measured(480_000)

    assert large["events"] - small["events"] > 400_000
    assert min(small["self"], small["worker"]) > 0
    assert large["self"] - small["self"] < 8 * MEBIBYTE
    assert large["worker"] - small["worker"] < 8 * MEBIBYTE
