"""``python -m local_firehose``: options to Settings, logging, signals."""

import argparse
import asyncio
import contextlib
import logging
import math
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from local_firehose.clock import MOST_SECONDS, MOST_SPEED
from local_firehose.server import serve
from local_firehose.settings import MIB, Settings
from local_firehose.store import StateError

_DESCRIPTION = (
    "A local Amazon Data Firehose: the API on this port, deliveries to S3 (and Lambda, KMS, Glue, CloudWatch) at "
    "--aws-endpoint and to OpenSearch. Behaviours and how sure each is: bench/local_firehose/README.md."
)


def parser() -> argparse.ArgumentParser:
    """All options; the defaults behave as AWS does where that is known."""
    defaults = Settings(aws_endpoint="")
    options = argparse.ArgumentParser(prog="python -m local_firehose", description=_DESCRIPTION)
    add = options.add_argument
    add(
        "--aws-endpoint",
        required=True,
        type=_url,
        metavar="URL",
        help="where S3, Lambda, KMS, IAM, Glue, CloudWatch answer",
    )
    add("--host", default=defaults.host, help="address to listen on (default %(default)s)")
    add(
        "--port",
        type=_whole(0, 65535),
        default=0,
        help="port to listen on (default: a free one, printed as JSON on stdout)",
    )
    add("--opensearch", type=_url, metavar="URL", help="one node that takes what is meant for any DomainARN")
    add("--state", type=Path, metavar="DIR", help="keep streams and undelivered records here; survives kill -9")
    add(
        "--account",
        default=defaults.account,
        type=_account,
        help="account of access keys that are not 12 digits (%(default)s)",
    )
    add("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])

    time = options.add_argument_group("time")
    add = time.add_argument
    add(
        "--clock-speed",
        type=_number(MOST_SPEED),
        default=1.0,
        metavar="N",
        help="buffers, retries and states run N times faster",
    )
    add(
        "--transition-seconds",
        type=_number(),
        default=defaults.transition_seconds,
        metavar="S",
        help="how long CREATING, DELETING, ENABLING and DISABLING last (default %(default)s)",
    )
    add(
        "--opensearch-retry-step",
        type=_number(),
        metavar="S",
        help="seconds between bulk retries (default: 1, 2, 4 ... up to 300; AWS's cadence is not documented)",
    )
    add("--drain-seconds", type=_number(), default=defaults.drain_seconds, metavar="S", help=argparse.SUPPRESS)

    limits = options.add_argument_group("limits")
    add = limits.add_argument
    add(
        "--max-buffered-mib",
        type=_whole(5),  # one PutRecordBatch
        default=defaults.max_buffered_bytes // MIB,
        metavar="MIB",
        help="accepted and undelivered records in memory; beyond it ServiceUnavailableException (default %(default)s)",
    )
    add(
        "--max-streams",
        type=_whole(1),
        default=defaults.max_streams,
        help="streams per account and region (%(default)s)",
    )
    add(
        "--active-partitions",
        type=_whole(1),
        default=defaults.active_partitions,
        help="per stream (default %(default)s)",
    )
    add("--no-quotas", action="store_true", help="do not throttle at AWS's DirectPut throughput of the region")

    choices = options.add_argument_group("relaxations and choices where AWS is not documented (README.md)")
    add = choices.add_argument
    add("--allow-http-cluster-endpoint", action="store_true", help="take http:// ClusterEndpoints (AWS: https only)")
    add("--no-role-check", action="store_true", help="do not look at the trust policy of roles in IAM")
    add(
        "--assume-roles",
        action="store_true",
        help="work in a session of the stream's role (sts:AssumeRole), as AWS does",
    )
    add("--no-kms-check", action="store_true", help="do not look at the state of KMS keys")
    add("--no-metrics", action="store_true", help="do not put CloudWatch metrics")
    add("--no-error-logs", action="store_true", help="do not put error events into CloudWatch Logs")
    add("--plain-error-objects", action="store_true", help="error objects are never compressed")
    add("--trailing-delimiter", action="store_true", help="AppendDelimiterToRecord also after the last record")
    add("--strict-lambda-batch", action="store_true", help="one malformed record fails the whole Lambda batch")
    add(
        "--no-time-after-expressions",
        action="store_true",
        help="a Prefix with expressions but no timestamp gets no yyyy/MM/dd/HH/",
    )
    return options


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"must be a URL such as http://127.0.0.1:4566; got {text!r}")
    return text.rstrip("/")


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"must be 12 digits such as 000000000000; got {text!r}")
    return text


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    allowed = f"at least {least}" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"must be a whole number, {allowed}; got {text!r}")
        return int(text)

    return read


def _number(most: float = MOST_SECONDS) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= most:  # NaN is neither
            raise argparse.ArgumentTypeError(f"must be a number from 0 to {most}; got {text!r}")
        return value

    return read


def settings(arguments: argparse.Namespace) -> Settings:
    """The settings an invocation asks for."""
    return Settings(
        aws_endpoint=arguments.aws_endpoint,
        host=arguments.host,
        port=arguments.port,
        opensearch=arguments.opensearch or "",
        state=arguments.state,
        account=arguments.account,
        clock_speed=arguments.clock_speed,
        transition_seconds=arguments.transition_seconds,
        max_buffered_bytes=arguments.max_buffered_mib * MIB,
        allow_http_cluster_endpoint=arguments.allow_http_cluster_endpoint,
        check_roles=not arguments.no_role_check,
        assume_roles=arguments.assume_roles,
        check_kms=not arguments.no_kms_check,
        enforce_quotas=not arguments.no_quotas,
        publish_metrics=not arguments.no_metrics,
        publish_error_logs=not arguments.no_error_logs,
        compress_error_objects=not arguments.plain_error_objects,
        trailing_delimiter=arguments.trailing_delimiter,
        strict_lambda_batch=arguments.strict_lambda_batch,
        append_time_to_expressions=not arguments.no_time_after_expressions,
        opensearch_retry_step=arguments.opensearch_retry_step,
        max_streams=arguments.max_streams,
        active_partitions=arguments.active_partitions,
        drain_seconds=arguments.drain_seconds,
    )


def run() -> NoReturn:
    """The console script: `main`, and an end that waits for nothing.

    Not sys.exit, which waits for the threads: a call under way (a function may take five minutes) must not hold the end
    up. What it was to deliver is in the state folder, or was said to be lost.
    """
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main(argv: list[str] | None = None) -> int:
    """Run the server until SIGTERM or SIGINT."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(level=arguments.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError):  # macOS has a limit of its own below "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # connections that hang must not be the last ones
    try:
        asyncio.run(_until_signal(settings(arguments)))
    except (StateError, OSError) as error:  # the state folder, or the port
        print(f"{parser().prog}: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_signal(wanted: Settings) -> None:
    server = asyncio.create_task(serve(wanted))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await server
