"""The Firehose server itself in a thread, for tests that look at it through its API only."""

from typing import Any

from aiohttp import web

from local_firehose.fakes.threads import ThreadedApp
from local_firehose.server import FirehoseServer
from local_firehose.settings import Settings


class RunningFirehose(ThreadedApp):
    """``with RunningFirehose(settings) as firehose:``; the server object is there for white-box looks."""

    server: FirehoseServer

    def __init__(self, settings: Settings) -> None:
        super().__init__(self._make)
        self._settings = settings

    def client(self, *, region: str = "eu-west-1", access_key: str = "test", connections: int = 10) -> Any:
        """A boto3 client that does not retry by itself."""
        import boto3
        from botocore.config import Config

        session: Any = boto3.session.Session()
        return session.client(
            "firehose",
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key="test",  # noqa: S106 (there are no secrets on loopback)
            config=Config(
                retries={"total_max_attempts": 1}, parameter_validation=False, max_pool_connections=connections
            ),
        )

    def _make(self) -> web.Application:
        self.server = FirehoseServer(self._settings)
        return self.server.app()
