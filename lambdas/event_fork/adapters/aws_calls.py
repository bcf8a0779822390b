"""How AWS is called and how its errors are judged, the same for every service.

Error codes: https://docs.aws.amazon.com/firehose/latest/APIReference/CommonErrors.html and each operation's.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from event_fork.errors import CallFailedError, short_code

# The SDK does not try again by itself: the domain does, for failed entries and whole calls alike, and it alone knows
# the invocation's remaining time. The two time-outs together stay under backoff.RESERVE_SECONDS.
CLIENT_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 1},
    tcp_keepalive=True,
)

# Where one call asks for one small thing there is nothing to divide, and the SDK tries again by itself.
RETRYING_CONFIG = Config(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}, tcp_keepalive=True
)

_TRANSIENT_CODES = frozenset(
    {
        "InternalFailure",
        "InternalError",
        "InternalServerError",
        "KMSThrottlingException",
        "KmsThrottled",
        "KMS.ThrottlingException",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def is_transient(code: str) -> bool:
    """Whether an error code means: the same again may succeed a moment later."""
    return code in _TRANSIENT_CODES or short_code(code) in _TRANSIENT_CODES


@contextmanager
def as_call_failed(content_codes: Container[str] = ()) -> Iterator[None]:
    """Turns what boto3 raises into CallFailedError. `content_codes`: those about what one of the entries holds."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code = details.get("Code", "Unknown")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        transient = is_transient(code) or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
        about_content = not transient and short_code(code) in content_codes
        raise CallFailedError(
            code, details.get("Message", ""), transient=transient, about_content=about_content
        ) from error
    except (HTTPClientError, NoConnectionError) as error:  # time-out, connection closed, none to be had
        raise CallFailedError(type(error).__name__, str(error), transient=True) from error
    except ParamValidationError as error:  # its text quotes the parameters, a message's body among them
        raise CallFailedError(type(error).__name__, "refused before it was sent", transient=False) from None
    except BotoCoreError as error:  # no credentials and so on
        raise CallFailedError(type(error).__name__, str(error), transient=False) from error
