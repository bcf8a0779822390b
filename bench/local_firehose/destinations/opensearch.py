"""``_bulk`` requests to a domain: where it is, one signed request, what came of each document."""

import logging
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.destinations.bulk import compact, item_results
from local_firehose.destinations.settings import OpenSearchSettings
from local_firehose.faults import Faults
from local_firehose.json_text import loads
from local_firehose.streams.stream import Stream

REQUEST_TIMEOUT_SECONDS = 60
log = logging.getLogger(__name__)
_FAULT_TYPES = {
    400: "mapper_parsing_exception",
    403: "security_exception",
    429: "rejected_execution_exception",
    503: "unavailable_shards_exception",
}


class BulkRequestError(Exception):
    """The whole request failed: ``status`` is HTTP's, or 0 when no answer came."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(slots=True)
class OpenSearchDomain:
    """Sends bulk requests for all streams. ``override`` is the bench's one node, used for every DomainARN."""

    aws: Aws
    faults: Faults
    override: str = ""
    _session: aiohttp.ClientSession | None = field(default=None)
    _endpoints: dict[str, str] = field(default_factory=dict)

    async def bulk(self, stream: Stream, settings: OpenSearchSettings, actions: list[bytes]) -> list[tuple[int, str]]:
        """Status and error object of every document, in order; BulkRequestError when the request failed whole."""
        if fault := self.faults.hit("opensearch", stream.name):
            status = fault.options["status"]
            raise BulkRequestError(status, str(status), _fault_error(fault.options))
        held_back: dict[int, tuple[int, str]] = {}
        if self.faults.any_at("opensearch-item"):
            for position in range(len(actions)):
                if fault := self.faults.hit("opensearch-item", stream.name):
                    held_back[position] = (fault.options["status"], _fault_error(fault.options))
        sent = [action for position, action in enumerate(actions) if position not in held_back]
        answered = iter(await self._post(stream, settings, sent) if sent else [])
        if sent and self.faults.hit("opensearch-duplicate", stream.name):
            raise BulkRequestError(0, "ES.ServiceException", "armed fault: the request was made, its answer is lost")
        return [held_back[p] if p in held_back else next(answered) for p in range(len(actions))]

    async def endpoint(self, stream: Stream, settings: OpenSearchSettings) -> str:
        """The URL of the domain: the override, the ClusterEndpoint, or what es:DescribeDomain says."""
        if settings.endpoint and not (self.override and settings.endpoint.startswith("https:")):
            return settings.endpoint.rstrip("/")
        if self.override:
            return self.override.rstrip("/")
        if settings.domain_arn not in self._endpoints:
            self._endpoints[settings.domain_arn] = await self._describe(stream, settings)
        return self._endpoints[settings.domain_arn]

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _describe(self, stream: Stream, settings: OpenSearchSettings) -> str:
        client = self.aws.client("opensearch", stream.account, stream.region, settings.role)
        name = settings.domain_arn.rpartition("/")[2]
        try:
            answer = await self.aws.call(client.describe_domain, DomainName=name)
        except ClientError as error:
            details = error.response["Error"]
            status = int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0))
            raise BulkRequestError(status if status >= 500 else 403, details["Code"], str(error)) from error
        except BotoCoreError as error:
            raise BulkRequestError(0, "ES.ServiceException", self.aws.trouble("es:DescribeDomain", error)) from error
        status = answer["DomainStatus"]
        host = status.get("Endpoint") or next(iter(status.get("Endpoints", {}).values()), "")
        if not host:
            raise BulkRequestError(503, "ES.ServiceException", f"{settings.domain_arn} has no endpoint yet")
        return str(host if "://" in host else f"https://{host}").rstrip("/")

    async def _signed(self, stream: Stream, settings: OpenSearchSettings, url: str, body: bytes) -> dict[str, str]:
        request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/x-ndjson"})
        try:
            credentials: Any = await self.aws.frozen_credentials(stream.account, settings.role)
        except (ClientError, BotoCoreError) as error:
            raise BulkRequestError(403, "ES.AccessDenied", str(error)) from error
        SigV4Auth(credentials, "es", stream.region).add_auth(request)
        return dict(request.headers.items())

    async def _post(self, stream: Stream, settings: OpenSearchSettings, actions: list[bytes]) -> list[tuple[int, str]]:
        url = await self.endpoint(stream, settings) + "/_bulk"
        body = b"".join(actions)
        headers = await self._signed(stream, settings, url, body)
        if self._session is None:
            connections = aiohttp.TCPConnector(limit=0)  # one a stream: a domain that hangs takes no other's
            timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS)
            self._session = aiohttp.ClientSession(connector=connections, timeout=timeout)
        try:
            async with self._session.post(url, data=body, headers=headers) as answer:
                payload = await answer.read()
                if answer.status != 200:
                    raise BulkRequestError(answer.status, str(answer.status), _whole_error(payload))
                results = item_results(loads(payload))
                if len(results) != len(actions):
                    raise ValueError(f"{len(results)} results for {len(actions)} documents")
                return results
        except (TimeoutError, aiohttp.ClientError) as error:
            self._endpoints.pop(settings.domain_arn, None)  # the domain may have been made anew, somewhere else
            raise BulkRequestError(0, "ES.ServiceException", f"{type(error).__name__}: {error}") from error
        except (ValueError, KeyError, StopIteration) as error:
            raise BulkRequestError(0, "ES.ServiceException", f"not an answer of _bulk: {error!r}") from error


def _whole_error(payload: bytes) -> str:
    text = payload.decode("utf-8", "replace")
    try:
        return compact(loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text[:2000]


def _fault_error(options: dict[str, Any]) -> str:
    kind = options["type"] or _FAULT_TYPES.get(options["status"], "exception")
    return compact({"type": kind, "reason": options["reason"]})
