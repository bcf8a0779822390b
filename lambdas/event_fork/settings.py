"""What each function reads from its environment.

Read when first needed, not at import, and refused by name: `SettingError: DELIVERY_STREAM_NAME: is required`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from event_fork.errors import RedactionRuleError, SettingError
from event_fork.events.redaction import Redactor
from event_fork.events.redaction_rules import parse_rules

DELIVERY_STREAM_NAME = "DELIVERY_STREAM_NAME"
DELIVERY_STREAM_COUNT = "DELIVERY_STREAM_COUNT"
DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
DEAD_LETTER_QUEUE_MAX_BYTES = "DEAD_LETTER_QUEUE_MAX_BYTES"
RECORD_FORMAT = "RECORD_FORMAT"
PACK_RECORDS = "PACK_RECORDS"
COMPRESS_RECORDS = "COMPRESS_RECORDS"
MAX_EVENTS_PER_RECORD = "MAX_EVENTS_PER_RECORD"
REDACT = "REDACT"
EVENT_TYPE_ATTRIBUTE = "EVENT_TYPE_ATTRIBUTE"
DESTINATION_QUEUE_URL = "DESTINATION_QUEUE_URL"
DESTINATION_QUEUE_REGION = "DESTINATION_QUEUE_REGION"
REPLAY_ID = "REPLAY_ID"
REPLAY_WINDOW_PARAMETER = "REPLAY_WINDOW_PARAMETER"
QUEUE_URL = "QUEUE_URL"
QUEUE_RETENTION_SECONDS = "QUEUE_RETENTION_SECONDS"
ATTRIBUTE_FIELDS = "ATTRIBUTE_FIELDS"
DOMAIN_ENDPOINT = "DOMAIN_ENDPOINT"
CREDENTIALS_SECRET_ARN = "CREDENTIALS_SECRET_ARN"  # noqa: S105 a name

ENVELOPE, RAW = "envelope", "raw"
DEFAULT_EVENT_TYPE_ATTRIBUTE = "event_type"
MAX_REPLAY_ID_LENGTH = 256
USUAL_QUEUE_BYTES = 262_144
"""MaximumMessageSize of a queue of these modules, where the environment does not say another."""

Environment = Mapping[str, str]

_STREAM_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_PARAMETER_NAME = re.compile(r"[a-zA-Z0-9_./-]{1,1011}")
_SECONDS = re.compile(r"[0-9]{1,7}")
_COUNT = re.compile(r"[1-9][0-9]{0,6}")
_ENDPOINT = re.compile(r"[^\s/]+")
_QUEUE_URL = re.compile(r"https?://\S+/\S+")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
# What SQS takes as an attribute's value, less control characters.
_PRINTABLE = re.compile(rf"[\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]{{1,{MAX_REPLAY_ID_LENGTH}}}")


@dataclass(frozen=True)
class StorageBackupSettings:
    """Of `event_fork.storage_backup`."""

    delivery_stream_names: tuple[str, ...]
    dead_letter_queue_url: str
    dead_letter_max_bytes: int
    record_format: str
    pack_records: bool
    compress_records: bool
    max_events_per_record: int | None
    """None: as many as fit."""
    redactor: Redactor

    @classmethod
    def from_env(cls, env: Environment) -> "StorageBackupSettings":
        """Raises SettingError."""
        return cls(
            delivery_stream_names=delivery_stream_names(env),
            dead_letter_queue_url=_queue_url(env, DEAD_LETTER_QUEUE_URL),
            dead_letter_max_bytes=_count(env, DEAD_LETTER_QUEUE_MAX_BYTES) or USUAL_QUEUE_BYTES,
            record_format=_one_of(env, RECORD_FORMAT, (ENVELOPE, RAW)),
            pack_records=_one_of(env, PACK_RECORDS, ("true", "false")) == "true",
            compress_records=_one_of(env, COMPRESS_RECORDS, ("false", "true")) == "true",
            max_events_per_record=_count(env, MAX_EVENTS_PER_RECORD),
            redactor=_redactor(env),
        )


@dataclass(frozen=True)
class SearchAnalyticsSettings:
    """Of `event_fork.search_analytics`."""

    delivery_stream_names: tuple[str, ...]
    dead_letter_queue_url: str
    dead_letter_max_bytes: int
    event_type_attribute: str
    attribute_fields: bool
    """Whether the index has the module's template."""
    redactor: Redactor

    @classmethod
    def from_env(cls, env: Environment) -> "SearchAnalyticsSettings":
        """Raises SettingError."""
        return cls(
            delivery_stream_names=delivery_stream_names(env),
            dead_letter_queue_url=_queue_url(env, DEAD_LETTER_QUEUE_URL),
            dead_letter_max_bytes=_count(env, DEAD_LETTER_QUEUE_MAX_BYTES) or USUAL_QUEUE_BYTES,
            event_type_attribute=env.get(EVENT_TYPE_ATTRIBUTE) or DEFAULT_EVENT_TYPE_ATTRIBUTE,
            attribute_fields=_one_of(env, ATTRIBUTE_FIELDS, ("true", "false")) == "true",
            redactor=_redactor(env),
        )


@dataclass(frozen=True)
class SearchIndexSettings:
    """Of `event_fork.search_index`."""

    domain_endpoint: str
    credentials_secret_arn: str | None
    """None: requests are signed by the function's role."""

    @classmethod
    def from_env(cls, env: Environment) -> "SearchIndexSettings":
        """Raises SettingError."""
        return cls(
            domain_endpoint=_matching(env, DOMAIN_ENDPOINT, _ENDPOINT, "must be a domain's endpoint, a host name"),
            credentials_secret_arn=env.get(CREDENTIALS_SECRET_ARN) or None,
        )


@dataclass(frozen=True)
class WindowSettings:
    """Where a replay's window is, and what is needed to keep events that are outside of it."""

    parameter: str
    queue_url: str
    retention_seconds: int


@dataclass(frozen=True)
class ReplaySettings:
    """Of `event_fork.replay`. Without `window` all that comes is forwarded.

    `destination_queue_region`: None = the function's own.
    """

    destination_queue_url: str
    dead_letter_queue_url: str
    dead_letter_max_bytes: int
    replay_id: str
    destination_queue_region: str | None = None
    window: WindowSettings | None = None

    @classmethod
    def from_env(cls, env: Environment) -> "ReplaySettings":
        """Raises SettingError."""
        return cls(
            destination_queue_url=_queue_url(env, DESTINATION_QUEUE_URL),
            dead_letter_queue_url=_queue_url(env, DEAD_LETTER_QUEUE_URL),
            dead_letter_max_bytes=_count(env, DEAD_LETTER_QUEUE_MAX_BYTES) or USUAL_QUEUE_BYTES,
            replay_id=_matching(
                env, REPLAY_ID, _PRINTABLE, f"must be 1 to {MAX_REPLAY_ID_LENGTH} characters without control characters"
            ),
            destination_queue_region=_region(env),
            window=_window(env),
        )


@dataclass(frozen=True)
class RedactSettings:
    """Of `event_fork.redact`."""

    redactor: Redactor

    @classmethod
    def from_env(cls, env: Environment) -> "RedactSettings":
        """Raises SettingError."""
        return cls(redactor=_redactor(env))


def delivery_stream_names(env: Environment) -> tuple[str, ...]:
    """The streams of a fork: its own name, and what modules/delivery calls further ones. Raises SettingError."""
    first = _matching(env, DELIVERY_STREAM_NAME, _STREAM_NAME, "must be a Firehose stream's name")
    count = _count(env, DELIVERY_STREAM_COUNT) or 1
    return first, *(f"{first}-stream-{number}" for number in range(2, count + 1))


def _matching(env: Environment, variable: str, pattern: re.Pattern[str], rule: str) -> str:
    value = env.get(variable)
    if not value:
        raise SettingError(variable, "is required")
    if not pattern.fullmatch(value):
        raise SettingError(variable, rule, value)
    return value


def _queue_url(env: Environment, variable: str) -> str:
    return _matching(
        env, variable, _QUEUE_URL, "must be a queue's URL, such as https://sqs.eu-west-1.amazonaws.com/1/name"
    )


def _region(env: Environment) -> str | None:
    if not env.get(DESTINATION_QUEUE_REGION):
        return None
    return _matching(env, DESTINATION_QUEUE_REGION, _REGION, "must be the code of a Region, such as eu-west-1")


def _count(env: Environment, variable: str) -> int | None:
    """A whole number of at least 1, or None when the variable is not set."""
    value = env.get(variable)
    if not value:
        return None
    if not _COUNT.fullmatch(value):
        raise SettingError(variable, "must be a whole number from 1 to 9999999", value)
    return int(value)


def _one_of(env: Environment, variable: str, allowed: tuple[str, ...]) -> str:
    """The value, or the first allowed one when the variable is not set."""
    value = env.get(variable) or allowed[0]
    if value not in allowed:
        raise SettingError(variable, f"must be {' or '.join(allowed)}", value)
    return value


def _window(env: Environment) -> WindowSettings | None:
    if not env.get(REPLAY_WINDOW_PARAMETER):
        return None
    return WindowSettings(
        parameter=_matching(env, REPLAY_WINDOW_PARAMETER, _PARAMETER_NAME, "must be a parameter's name"),
        queue_url=_queue_url(env, QUEUE_URL),
        retention_seconds=int(_matching(env, QUEUE_RETENTION_SECONDS, _SECONDS, "must be a number of seconds")),
    )


def _redactor(env: Environment) -> Redactor:
    try:
        return Redactor(parse_rules(env.get(REDACT) or "[]"))
    except RedactionRuleError as error:
        raise SettingError(REDACT, str(error)) from error
