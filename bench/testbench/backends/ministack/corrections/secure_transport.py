"""Loopback stands for TLS: `aws:SecureTransport` is true.

The bench speaks HTTP on 127.0.0.1, AWS speaks TLS. Where policies are enforced MiniStack 1.5.33 rightly sees no TLS, so
a statement that denies what comes without TLS, in a queue's or bucket's policy, would deny everything.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
"""

from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks

KEY = "aws:securetransport"


def apply() -> None:
    """Answer for that condition key, leave the others to the emulator."""

    def resolve(original: Callable[..., Any], key: str, ctx: Any) -> Any:
        return "true" if key.lower() == KEY else original(key, ctx)

    hooks.wrap(hooks.core("iam_evaluator"), "_resolve_condition_key", ("key", "ctx"), resolve)
