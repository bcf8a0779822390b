"""What all streams of the server share."""

from collections.abc import Callable
from dataclasses import dataclass

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.destinations.opensearch import OpenSearchDomain
from local_firehose.destinations.s3 import S3Writer
from local_firehose.error_log import ErrorLog
from local_firehose.metrics import Metrics
from local_firehose.pipeline.lambda_invoker import LambdaInvoker
from local_firehose.settings import Settings
from local_firehose.shares import Budget, Compute
from local_firehose.store import Store


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
    compute: Compute
