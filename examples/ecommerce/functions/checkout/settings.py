"""What each function is told by its environment, read when first needed and refused by name when wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from .order import MAX_BODY_BYTES


class SettingsError(ValueError):
    """An environment variable is missing or has a value that means nothing; the message names it."""


@dataclass(frozen=True)
class ApiBackendSettings:
    """Settings of CheckoutApiBackendFunction; `max_order_bytes` of a request body."""

    topic_arn: str
    max_order_bytes: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read TOPIC_ARN and MAX_ORDER_BYTES (default 65536)."""
        return cls(
            topic_arn=_required(env, "TOPIC_ARN"), max_order_bytes=_count(env, "MAX_ORDER_BYTES", MAX_BODY_BYTES)
        )


@dataclass(frozen=True)
class CheckoutSettings:
    """Settings of CheckoutFunction; `bug_enabled` makes it write wrong rows, for the walk-through of the example."""

    table_name: str
    bug_enabled: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read TABLE_NAME and BUG_ENABLED (true or false, default false)."""
        return cls(table_name=_required(env, "TABLE_NAME"), bug_enabled=_flag(env, "BUG_ENABLED"))


def _required(env: Mapping[str, str], name: str) -> str:
    if value := env.get(name, "").strip():
        return value
    raise SettingsError(f"the environment variable {name} is not set")


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, str(default))
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise SettingsError(f"the environment variable {name} must be a whole number above 0, not {value!r}")
    return int(value)


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "false")
    if value not in ("true", "false"):
        raise SettingsError(f"the environment variable {name} must be true or false, not {value!r}")
    return value == "true"
