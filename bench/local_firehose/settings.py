"""The server's settings: every one is an option of ``python -m local_firehose`` (cli.py), defaults are strict."""

from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Durations are seconds of the bench clock (clock.py), sizes bytes."""

    aws_endpoint: str
    host: str = "127.0.0.1"
    port: int = 0
    opensearch: str = ""
    state: Path | None = None
    account: str = "000000000000"
    # Speed of the clock that buffers, retries and state changes wait for.
    clock_speed: float = 1.0
    # How long the states between two API answers last; above 0 so that pollers are exercised.
    transition_seconds: float = 1.0
    # Records accepted and not yet delivered, with their bookkeeping; beyond it callers are throttled.
    max_buffered_bytes: int = 320 * MIB
    # Relaxations and choices where AWS is undocumented; README.md lists them with their confidence.
    allow_http_cluster_endpoint: bool = False
    check_roles: bool = True
    assume_roles: bool = False
    check_kms: bool = True
    enforce_quotas: bool = True
    publish_metrics: bool = True
    publish_error_logs: bool = True
    compress_error_objects: bool = True
    trailing_delimiter: bool = False
    strict_lambda_batch: bool = False
    append_time_to_expressions: bool = True
    opensearch_retry_step: float | None = None
    max_streams: int = 5000
    active_partitions: int = 500
    drain_seconds: float = 3.0
