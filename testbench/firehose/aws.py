"""Clients of the other services, all at one endpoint, with the account and region of the stream they work for.

boto3 calls block, so they run in threads; each client makes one attempt per call, because the pipeline counts and
spaces its own attempts.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

P = ParamSpec("P")
T = TypeVar("T")
LAMBDA_TIMEOUT_SECONDS = 300
_THREADS = 48


class Aws:
    """Makes and keeps clients; ``call`` runs a blocking call in a thread."""

    def __init__(self, endpoint: str, default_account: str) -> None:
        self.endpoint = endpoint
        self._default_account = default_account
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._session: Any = boto3.session.Session()  # Any: its stubs want services as literals
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="aws")

    def credentials(self, account: str) -> Credentials:
        """The environment's keys (``test`` when none) for the default account, else the account as access key."""
        if account == self._default_account:
            key = os.environ.get("AWS_ACCESS_KEY_ID", "test")
            return Credentials(key, os.environ.get("AWS_SECRET_ACCESS_KEY", "test"))
        return Credentials(account, "test")

    def client(self, service: str, account: str, region: str) -> Any:
        """A client of ``service``; S3 uses path-style addresses."""
        key = (service, account, region)
        if key not in self._clients:
            credentials = self.credentials(account)
            self._clients[key] = self._session.client(
                service,
                endpoint_url=self.endpoint,
                region_name=region,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                config=Config(
                    retries={"total_max_attempts": 1},
                    connect_timeout=10,
                    read_timeout=LAMBDA_TIMEOUT_SECONDS + 15 if service == "lambda" else 60,
                    max_pool_connections=_THREADS,
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    disable_request_compression=True,  # emulators do not expect it
                ),
            )
        return self._clients[key]

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))

    def close(self) -> None:
        """Drop the threads; calls under way are not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
