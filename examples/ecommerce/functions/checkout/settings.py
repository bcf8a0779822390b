"""What each function is told by its environment, read when first needed and refused by name when wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class SettingsError(ValueError):
    """An environment variable is missing or has a value that means nothing; the message names it."""


@dataclass(frozen=True)
class ApiBackendSettings:
    """Settings of CheckoutApiBackendFunction."""

    topic_arn: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read TOPIC_ARN."""
        return cls(topic_arn=_required(env, "TOPIC_ARN"))


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


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "false")
    if value not in ("true", "false"):
        raise SettingsError(f"the environment variable {name} must be true or false, not {value!r}")
    return value == "true"
