"""The errors Firehose answers with. Each carries the modelled error code; the HTTP status is 400 unless said.

Source: botocore's service model ``firehose/2015-08-04`` and notes "1.1 Protocol and operations".

    ApiError
    ├── SerializationError          the body is not what the protocol allows
    ├── UnknownOperationError       no such X-Amz-Target
    ├── MissingAuthenticationError  no SigV4 credential scope (HTTP 403)
    ├── RequestTooLargeError        a body of several times what 4 MiB of records need (HTTP 413)
    ├── RequestTimeoutError         the body did not come in time (HTTP 408)
    ├── ValidationError             a constraint of the service model is not met
    ├── InvalidArgumentError        a rule of Firehose is not met
    ├── ResourceNotFoundError, ResourceInUseError, LimitExceededError, ConcurrentModificationError
    ├── AccessDeniedError           a role of another account
    ├── InvalidKmsResourceError, InvalidSourceError   carry ``code`` too
    ├── ServiceUnavailableError     HTTP 503
    └── InternalFailureError        HTTP 500
"""

from typing import Any


class ApiError(Exception):
    """An error answer: ``{"__type": code, "message": ...}``."""

    code = "InternalFailure"
    status = 400

    def __init__(self, message: str, **members: str) -> None:
        super().__init__(message)
        self.message = message
        self.members = members

    def body(self) -> dict[str, Any]:
        """The JSON body AWS JSON 1.1 gives an error."""
        return {"__type": self.code, "message": self.message, **self.members}


class SerializationError(ApiError):
    code = "SerializationException"


class UnknownOperationError(ApiError):
    code = "UnknownOperationException"


class MissingAuthenticationError(ApiError):
    code = "MissingAuthenticationTokenException"
    status = 403


class RequestTooLargeError(ApiError):
    code = "RequestEntityTooLargeException"
    status = 413


class RequestTimeoutError(ApiError):
    code = "RequestTimeoutException"
    status = 408


class ValidationError(ApiError):
    code = "ValidationException"


class InvalidArgumentError(ApiError):
    code = "InvalidArgumentException"


class ResourceNotFoundError(ApiError):
    code = "ResourceNotFoundException"


class ResourceInUseError(ApiError):
    code = "ResourceInUseException"


class LimitExceededError(ApiError):
    code = "LimitExceededException"


class ConcurrentModificationError(ApiError):
    code = "ConcurrentModificationException"


class AccessDeniedError(ApiError):
    code = "AccessDeniedException"


class InvalidKmsResourceError(ApiError):
    code = "InvalidKMSResourceException"


class InvalidSourceError(ApiError):
    code = "InvalidSourceException"


class ServiceUnavailableError(ApiError):
    code = "ServiceUnavailableException"
    status = 503


class InternalFailureError(ApiError):
    code = "InternalFailure"
    status = 500


class InjectedError(ApiError):
    """An answer asked for through the control API (faults.py), with any code and status."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
