"""The functions' settings: read from a mapping, refused by name."""

import pytest
from checkout.settings import ApiBackendSettings, CheckoutSettings, SettingsError


def test_the_api_backend_needs_its_topic() -> None:
    assert ApiBackendSettings.from_env({"TOPIC_ARN": "arn:topic"}).topic_arn == "arn:topic"
    with pytest.raises(SettingsError, match="TOPIC_ARN"):
        ApiBackendSettings.from_env({"TOPIC_ARN": " "})


def test_checkout_needs_its_table() -> None:
    with pytest.raises(SettingsError, match="TABLE_NAME"):
        CheckoutSettings.from_env({})


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False)])
def test_the_bug_is_switched_by_true_and_false(value: str, expected: bool) -> None:
    assert CheckoutSettings.from_env({"TABLE_NAME": "t", "BUG_ENABLED": value}).bug_enabled is expected


def test_the_bug_is_off_unless_asked_for() -> None:
    assert CheckoutSettings.from_env({"TABLE_NAME": "t"}).bug_enabled is False


def test_any_other_switch_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"BUG_ENABLED.*'yes'"):
        CheckoutSettings.from_env({"TABLE_NAME": "t", "BUG_ENABLED": "yes"})


def test_the_largest_order_is_a_number_of_bytes_with_a_default() -> None:
    assert ApiBackendSettings.from_env({"TOPIC_ARN": "t"}).max_order_bytes == 65_536
    assert ApiBackendSettings.from_env({"TOPIC_ARN": "t", "MAX_ORDER_BYTES": "1024"}).max_order_bytes == 1024
    for wrong in ("", "0", "-1", "1e3", "many"):
        with pytest.raises(SettingsError, match=f"MAX_ORDER_BYTES.*{wrong!r}"):
            ApiBackendSettings.from_env({"TOPIC_ARN": "t", "MAX_ORDER_BYTES": wrong})
