"""What all streams of the server share."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from testbench.firehose.aws import Aws
from testbench.firehose.budget import Budget
from testbench.firehose.clock import Clock
from testbench.firehose.destinations.opensearch import OpenSearchDomain
from testbench.firehose.destinations.s3 import S3Writer
from testbench.firehose.error_log import ErrorLog
from testbench.firehose.metrics import Metrics
from testbench.firehose.pipeline.lambda_invoker import LambdaInvoker
from testbench.firehose.settings import Settings
from testbench.firehose.store import Store


@dataclass(frozen=True, slots=True)
class Tools:
    """One of each for the whole server."""

    settings: Settings
    clock: Clock
    budget: Budget
    store: Store
    aws: Aws
    s3: S3Writer
    opensearch: OpenSearchDomain
    invoker: LambdaInvoker
    metrics: Metrics
    error_log: ErrorLog
    next_sequence: Callable[[], int]
    processors: Executor  # for compression and conversion: they would hold the event loop
