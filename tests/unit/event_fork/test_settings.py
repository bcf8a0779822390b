from collections.abc import Callable

import pytest

from event_fork.errors import SettingError
from event_fork.events.redaction import Redactor
from event_fork.settings import (
    RedactSettings,
    ReplaySettings,
    SearchAnalyticsSettings,
    SearchIndexSettings,
    StorageBackupSettings,
)

STORAGE = {"DELIVERY_STREAM_NAME": "backup", "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:4566/000000000000/dlq"}
INDEX = {"DOMAIN_ENDPOINT": "search-orders.eu-west-1.es.amazonaws.com"}
REPLAY = {
    "DESTINATION_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/000000000000/checkout",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/000000000000/dlq",
    "REPLAY_ID": "november",
}


def test_defaults_are_envelope_packed_and_unredacted() -> None:
    settings = StorageBackupSettings.from_env(STORAGE)

    assert (settings.record_format, settings.pack_records, settings.redactor) == ("envelope", True, Redactor())
    assert settings.max_events_per_record is None
    assert not settings.compress_records
    assert SearchAnalyticsSettings.from_env(STORAGE).event_type_attribute == "event_type"


def test_every_setting_is_read() -> None:
    storage = StorageBackupSettings.from_env(
        {
            **STORAGE,
            "DEAD_LETTER_QUEUE_MAX_BYTES": "1048576",
            "RECORD_FORMAT": "raw",
            "PACK_RECORDS": "false",
            "COMPRESS_RECORDS": "true",
            "MAX_EVENTS_PER_RECORD": "500",
        }
    )
    assert storage == StorageBackupSettings(
        ("backup",), "http://127.0.0.1:4566/000000000000/dlq", 1_048_576, "raw", False, True, 500, Redactor()
    )
    for settings in (StorageBackupSettings.from_env(STORAGE), ReplaySettings.from_env(REPLAY)):
        assert settings.dead_letter_max_bytes == 262_144
    assert SearchAnalyticsSettings.from_env({**STORAGE, "EVENT_TYPE_ATTRIBUTE": "kind"}).event_type_attribute == "kind"
    assert not SearchAnalyticsSettings.from_env({**STORAGE, "ATTRIBUTE_FIELDS": "false"}).attribute_fields
    assert SearchIndexSettings.from_env({**INDEX, "CREDENTIALS_SECRET_ARN": "arn"}).credentials_secret_arn == "arn"
    assert ReplaySettings.from_env(REPLAY).replay_id == "november"
    assert ReplaySettings.from_env(REPLAY).destination_queue_region is None
    elsewhere = ReplaySettings.from_env({**REPLAY, "DESTINATION_QUEUE_REGION": "us-gov-west-1"})
    assert elsewhere.destination_queue_region == "us-gov-west-1"


def test_further_streams_are_called_after_the_first() -> None:
    for settings in (StorageBackupSettings, SearchAnalyticsSettings):
        assert settings.from_env(STORAGE).delivery_stream_names == ("backup",)
        several = settings.from_env({**STORAGE, "DELIVERY_STREAM_COUNT": "3"})
        assert several.delivery_stream_names == ("backup", "backup-stream-2", "backup-stream-3")


def test_a_variable_that_is_set_to_nothing_has_its_default() -> None:
    names = [
        "RECORD_FORMAT",
        "PACK_RECORDS",
        "COMPRESS_RECORDS",
        "MAX_EVENTS_PER_RECORD",
        "DELIVERY_STREAM_COUNT",
        "REDACT",
        "EVENT_TYPE_ATTRIBUTE",
        "ATTRIBUTE_FIELDS",
    ]
    empty = dict.fromkeys(names, "")

    assert StorageBackupSettings.from_env({**STORAGE, **empty}) == StorageBackupSettings.from_env(STORAGE)
    assert SearchAnalyticsSettings.from_env({**STORAGE, **empty}) == SearchAnalyticsSettings.from_env(STORAGE)
    assert SearchIndexSettings.from_env({**INDEX, "CREDENTIALS_SECRET_ARN": ""}).credentials_secret_arn is None


def test_rules_are_read() -> None:
    redactor = RedactSettings.from_env({"REDACT": '[{"path":"$.a"}, {"detect":"email"}]'}).redactor

    assert [rule.name for rule in redactor.rules] == ["$.a", "email"]


@pytest.mark.parametrize(
    ("read", "valid", "variable", "value"),
    [
        (StorageBackupSettings.from_env, STORAGE, "DELIVERY_STREAM_NAME", None),
        (StorageBackupSettings.from_env, STORAGE, "DELIVERY_STREAM_NAME", ""),
        (StorageBackupSettings.from_env, STORAGE, "DELIVERY_STREAM_NAME", "arn:aws:firehose"),
        (StorageBackupSettings.from_env, STORAGE, "DELIVERY_STREAM_NAME", "x" * 65),
        (StorageBackupSettings.from_env, STORAGE, "DELIVERY_STREAM_COUNT", "0"),
        (SearchAnalyticsSettings.from_env, STORAGE, "DELIVERY_STREAM_COUNT", "two"),
        (StorageBackupSettings.from_env, STORAGE, "DEAD_LETTER_QUEUE_URL", None),
        (StorageBackupSettings.from_env, STORAGE, "DEAD_LETTER_QUEUE_URL", "arn:aws:sqs:eu-west-1:000000000000:q"),
        (StorageBackupSettings.from_env, STORAGE, "RECORD_FORMAT", "parquet"),
        (StorageBackupSettings.from_env, STORAGE, "PACK_RECORDS", "yes"),
        (StorageBackupSettings.from_env, STORAGE, "COMPRESS_RECORDS", "gzip"),
        (StorageBackupSettings.from_env, STORAGE, "MAX_EVENTS_PER_RECORD", "0"),
        (StorageBackupSettings.from_env, STORAGE, "MAX_EVENTS_PER_RECORD", "-1"),
        (StorageBackupSettings.from_env, STORAGE, "MAX_EVENTS_PER_RECORD", "1.5"),
        (StorageBackupSettings.from_env, STORAGE, "MAX_EVENTS_PER_RECORD", "many"),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", "$.a"),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '{"path":"$.a"}'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '["$.a"]'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '[{"action":"mask"}]'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '[{"path":"$.a","acton":"mask"}]'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '[{"path":"$.a","action":"hide"}]'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '[{"path":"$.a","action":"mask","mask":7}]'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '[{"path":"a"}]'),
        (StorageBackupSettings.from_env, STORAGE, "REDACT", '[{"path":"$"}]'),
        (SearchAnalyticsSettings.from_env, STORAGE, "DELIVERY_STREAM_NAME", None),
        (SearchAnalyticsSettings.from_env, STORAGE, "DEAD_LETTER_QUEUE_URL", None),
        (SearchAnalyticsSettings.from_env, STORAGE, "REDACT", "[1]"),
        (SearchAnalyticsSettings.from_env, STORAGE, "ATTRIBUTE_FIELDS", "yes"),
        (SearchIndexSettings.from_env, INDEX, "DOMAIN_ENDPOINT", None),
        (SearchIndexSettings.from_env, INDEX, "DOMAIN_ENDPOINT", "https://search-orders/_all"),
        (ReplaySettings.from_env, REPLAY, "DESTINATION_QUEUE_URL", None),
        (ReplaySettings.from_env, REPLAY, "DESTINATION_QUEUE_URL", "queue"),
        (ReplaySettings.from_env, REPLAY, "DESTINATION_QUEUE_REGION", "Ireland"),
        (ReplaySettings.from_env, REPLAY, "DEAD_LETTER_QUEUE_URL", None),
        (ReplaySettings.from_env, REPLAY, "REPLAY_ID", None),
        (ReplaySettings.from_env, REPLAY, "REPLAY_ID", "a\nb"),
        (ReplaySettings.from_env, REPLAY, "REPLAY_ID", "x" * 257),
        (RedactSettings.from_env, {}, "REDACT", "{"),
    ],
)
def test_a_wrong_or_missing_variable_is_refused_by_name(
    read: Callable[[dict[str, str]], object], valid: dict[str, str], variable: str, value: str | None
) -> None:
    environment = {name: text for name, text in valid.items() if name != variable}
    if value is not None:
        environment[variable] = value

    with pytest.raises(SettingError, match=f"^{variable}: ") as refusal:
        read(environment)

    assert refusal.value.variable == variable
