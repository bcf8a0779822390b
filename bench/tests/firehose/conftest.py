"""One server and its stand-ins per test process, made clean for every test."""

from collections.abc import Iterator

import pytest
from firehose.harness import FAST, Harness

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings


@pytest.fixture(scope="session")
def shared() -> Iterator[Harness]:
    """The server most tests share; roles, keys and quotas are not looked at (their own tests do)."""
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        settings = Settings(
            aws_endpoint=aws.endpoint,
            opensearch=opensearch.endpoint,
            clock_speed=FAST,
            check_roles=False,
            check_kms=False,
            enforce_quotas=False,
            drain_seconds=0.0,
        )
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, opensearch, firehose)


@pytest.fixture
def harness(shared: Harness) -> Iterator[Harness]:
    """The shared server with nothing armed and nothing scripted."""
    shared.reset()
    yield shared
    shared.reset()
