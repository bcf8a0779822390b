"""Every error this package raises.

    EventForkError
    ├── SettingError                 an environment variable is missing or wrong; the message names it
    ├── InvocationShapeError         the function was invoked with something else than what its event source sends
    ├── WholeBatchFailedError        nothing of a batch could be delivered, so the invocation itself fails
    ├── CallFailedError              a whole call to the next hop failed; says whether trying again can help
    ├── WindowError                  the window of a running replay cannot be understood; nothing is forwarded
    ├── DomainRefusedError           the search domain refused what the module keeps in it
    ├── JsonPathError                a path of the redaction rules is not in the path language
    ├── RedactionRuleError           a redaction rule is not one; the text says what is wrong with it
    └── PermanentMessageError        this message can never be delivered; it carries the reason of the dead-letter queue
        ├── NotAnEnvelopeError       not-an-sns-envelope
        │   └── DamagedEnvelopeError the same, of what says itself that it is one
        ├── NotJsonError             not-json
        ├── NotRedactableError       not-redactable
        ├── MissingMatchError        redaction-unmatched
        ├── NotJsonObjectError       not-a-json-object
        ├── TooLargeError            too-large
        ├── NotEncodableError        not-encodable
        └── RefusedByDestinationError  refused-by-destination

The text of an error never quotes a message's content: it ends in logs and in attributes of the dead-letter queue.
"""

from typing import ClassVar


class EventForkError(Exception):
    """Base of all errors of this package."""


class SettingError(EventForkError):
    """An environment variable is missing or wrong.

    Shape of the text: `VARIABLE: rule (got 'value')`.
    """

    def __init__(self, variable: str, rule: str, value: str | None = None) -> None:
        super().__init__(f"{variable}: {rule}" + ("" if value is None else f" (got {value!r})"))
        self.variable = variable


class InvocationShapeError(EventForkError):
    """The invocation event does not have the shape of the event source this function is made for."""


class WholeBatchFailedError(EventForkError):
    """No message of the batch reached its next hop or the dead-letter queue."""


class CallFailedError(EventForkError):
    """A whole call to the next hop failed: throttling, a connection error, access denied and so on.

    `transient` says whether the same call can succeed a moment later, `about_content` whether what one of its entries
    holds was refused: the others alone would be taken.
    """

    def __init__(self, code: str, detail: str, *, transient: bool, about_content: bool = False) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.transient = transient
        self.about_content = about_content


def short_code(code: str) -> str:
    """An error code without the old name that SQS's query-compatible errors have in front: AWS.SimpleQueueService.X."""
    return code.rsplit(".", 1)[-1]


class WindowError(EventForkError):
    """The window document of a replay is not what its format says: everything stays in the queue."""


class DomainRefusedError(EventForkError):
    """The search domain refused a template, an alias or a deletion; the text says which, and the domain's reason."""


class JsonPathError(EventForkError):
    """A redaction path is not in the path language; the text says which part and what is allowed."""


class RedactionRuleError(EventForkError):
    """A redaction rule is not one: the text says the rule that it breaks and what was given."""


class PermanentMessageError(EventForkError):
    """This message can never be delivered, however often it is tried.

    `reason` is the value of the attribute `event-fork-reason` in the dead-letter queue and of the metric dimension
    `reason`, so the codes are part of the public interface.
    """

    reason: ClassVar[str] = "permanent"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotAnEnvelopeError(PermanentMessageError):
    """The body is not an SNS notification; usually raw message delivery is on where it must be off."""

    reason: ClassVar[str] = "not-an-sns-envelope"


class DamagedEnvelopeError(NotAnEnvelopeError):
    """The body's Type is that of an SNS notification, and it is none: no rule could be applied to what lies in it."""


class NotJsonError(PermanentMessageError):
    """The published message is not JSON, but redaction needs to look into it."""

    reason: ClassVar[str] = "not-json"


class NotRedactableError(PermanentMessageError):
    """The published message is a bare string or number: no redaction path leads into it."""

    reason: ClassVar[str] = "not-redactable"


class MissingMatchError(PermanentMessageError):
    """A redaction rule that must match something found nothing: the event is not what the rules were written for."""

    reason: ClassVar[str] = "redaction-unmatched"


class NotJsonObjectError(PermanentMessageError):
    """The published message is JSON but not an object, and only an object can be a search document."""

    reason: ClassVar[str] = "not-a-json-object"


class TooLargeError(PermanentMessageError):
    """The event does not fit in one record of the next hop."""

    reason: ClassVar[str] = "too-large"


class NotEncodableError(PermanentMessageError):
    """The message has no UTF-8 form (a lone surrogate), so it cannot be stored as it was published."""

    reason: ClassVar[str] = "not-encodable"


class RefusedByDestinationError(PermanentMessageError):
    """The destination refused this very message because of its content."""

    reason: ClassVar[str] = "refused-by-destination"
