"""Clients of the other services, all at one endpoint, with the account and region of the stream they work for.

boto3 calls block, so they run in threads; each client makes one attempt per call, because the pipeline counts and
spaces its own attempts.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, DeferredRefreshableCredentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

P = ParamSpec("P")
T = TypeVar("T")
LAMBDA_TIMEOUT_SECONDS = 300
ROLE_SESSION_NAME = "AWSFirehoseToS3"  # seen in CloudTrail of AWS
_THREADS = 4096  # made when they are needed; a stream has a few (Lambda 5, S3 24), also when hundreds of them hang
_CONNECTIONS = 256  # that a client keeps open


class UnreadableAnswerError(BotoCoreError):
    """Something else than AWS answers at the endpoint."""

    fmt = "the answer cannot be read: {error}"


class Aws:
    """Makes and keeps clients; ``call`` runs a blocking call in a thread.

    With ``assume_roles`` the calls made for a stream run in a session of its role, as Firehose's do; without, they use
    the server's own keys, which emulators let do everything.
    """

    def __init__(self, endpoint: str, default_account: str, *, assume_roles: bool = False) -> None:
        self.endpoint = endpoint
        self._default_account = default_account
        self._assume_roles = assume_roles
        self._clients: dict[tuple[str, str, str, str], Any] = {}
        self._sessions: dict[tuple[str, str], Any] = {}
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="aws")

    def client(self, service: str, account: str, region: str, role: str = "") -> Any:
        """A client of ``service`` for what is done under ``role`` (empty: by Firehose itself)."""
        key = (service, account, region, role if self._assume_roles else "")
        if key not in self._clients:
            self._clients[key] = self._session(account, key[3]).create_client(
                service,
                endpoint_url=self.endpoint,
                region_name=region,
                config=Config(
                    retries={"total_max_attempts": 1},
                    connect_timeout=10,
                    read_timeout=LAMBDA_TIMEOUT_SECONDS + 15 if service == "lambda" else 60,
                    max_pool_connections=_CONNECTIONS,
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    disable_request_compression=True,  # emulators do not expect it
                ),
            )
        return self._clients[key]

    async def frozen_credentials(self, account: str, role: str) -> ReadOnlyCredentials:
        """Keys to sign a request by hand with; ClientError when the role cannot be assumed."""
        credentials = self._session(account, role if self._assume_roles else "").get_credentials()
        return await self.call(credentials.get_frozen_credentials)

    def _session(self, account: str, role: str) -> Any:
        if (account, role) not in self._sessions:
            session: Any = botocore.session.Session()  # Any: its stubs know nothing of _credentials
            session._credentials = self._role_credentials(account, role) if role else self._own_credentials(account)
            self._sessions[account, role] = session
        return self._sessions[account, role]

    def _own_credentials(self, account: str) -> Credentials:
        """The environment's keys (``test`` when none) for the default account, else the account as access key."""
        if account == self._default_account:
            key = os.environ.get("AWS_ACCESS_KEY_ID", "test")
            return Credentials(key, os.environ.get("AWS_SECRET_ACCESS_KEY", "test"))
        return Credentials(account, "test")

    def _role_credentials(self, account: str, role: str) -> Credentials:
        """Keys of a session of the role, made at the first call and again before they expire."""
        sts = self.client("sts", account, "us-east-1")

        def assume() -> dict[str, str]:
            answer = sts.assume_role(RoleArn=role, RoleSessionName=ROLE_SESSION_NAME, ExternalId=account)
            found = answer["Credentials"]
            return {
                "access_key": found["AccessKeyId"],
                "secret_key": found["SecretAccessKey"],
                "token": found["SessionToken"],
                "expiry_time": found["Expiration"].isoformat(),
            }

        return DeferredRefreshableCredentials(refresh_using=assume, method="sts-assume-role")

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call in a thread."""

        def run() -> T:
            try:
                return function(*args, **kwargs)
            except (ResponseParserError, ClientError) as error:
                if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code"):
                    raise
                raise UnreadableAnswerError(error=error) from error

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)

    def trouble(self, call: str, error: BotoCoreError | ClientError) -> str:
        """What to say of an answer that is none of AWS's own."""
        return f"--aws-endpoint {self.endpoint} gives no answer to {call}: {error}"

    def close(self) -> None:
        """Drop the threads; calls under way are not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
