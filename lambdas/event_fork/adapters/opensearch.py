"""An OpenSearch domain over HTTPS, signed with SigV4 or with the user and the password of a secret.

Source: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session

from event_fork.adapters.aws_calls import RETRYING_CONFIG, as_call_failed
from event_fork.index_management.search_domain import NONE, Answer

_TIME_OUT = 15


class OpenSearchDomain:
    """`endpoint`: a host, without scheme. `secret_arn`: of a secret with `username` and `password`; None = SigV4.

    `seconds`: the longest that an answer may take. Safe to share between threads.
    """

    def __init__(
        self,
        endpoint: str,
        secret_arn: str | None = None,
        secrets: Any = None,
        *,
        session: boto3.Session | None = None,
        region: str | None = None,
        seconds: int = _TIME_OUT,
    ) -> None:
        # A domain is never on loopback, so what is there is a node for tests, which speaks HTTP.
        self._url = f"http{'' if endpoint.startswith('127.0.0.1:') else 's'}://{endpoint}"
        self._session = session or boto3.Session()
        self._region = region or self._session.region_name
        self._http = URLLib3Session(timeout=seconds)
        self._authorization: str | None = None
        if secret_arn is not None:
            client = secrets or self._session.client("secretsmanager", config=RETRYING_CONFIG)
            with as_call_failed():
                secret = json.loads(client.get_secret_value(SecretId=secret_arn)["SecretString"])
            credentials = f"{secret['username']}:{secret['password']}".encode()
            self._authorization = f"Basic {base64.b64encode(credentials).decode()}"

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> Answer:
        """See SearchDomain."""
        is_lines = isinstance(body, bytes)
        data = body if body is None or is_lines else json.dumps(body)
        headers = {"Content-Type": "application/x-ndjson" if is_lines else "application/json", **headers}
        request = AWSRequest(method, self._url + path, headers=headers, data=data)
        with as_call_failed():
            if self._authorization is None:
                credentials = self._session.get_credentials()
                if credentials is None:
                    raise NoCredentialsError
                SigV4Auth(credentials, "es", self._region).add_auth(request)
            else:
                request.headers["Authorization"] = self._authorization
            response = self._http.send(request.prepare())
        try:
            content = json.loads(response.content or b"{}")
        except ValueError:  # a proxy's own page
            content = {}
        return Answer(response.status_code, content if isinstance(content, dict) else {})
