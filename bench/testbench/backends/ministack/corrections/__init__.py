"""Corrections of the pinned MiniStack, each in its own module with its reason, applied before the emulator starts.

They wrap or replace functions of the emulator by name. Where such a function is gone, takes other arguments, or another
version is installed, the start is refused (`CorrectionError`). Each has a contract test in bench/tests/local_aws. What
MiniStack does and what AWS does is in bench/docs/emulation.md, a row for each.
"""

from importlib import import_module

from testbench.backends.ministack.corrections import hooks

CORRECTIONS = (
    "authorisation",  # first: others ask it who makes the present request
    "sqs_batches",
    "batch_responses",
    "mapping_limits",
    "mapping_qualifier",
    "keys",
    "mapping_role",
    "queue_settings",
    "queue_messages",
    "message_move_tasks",
    "dead_letter_sources",
    "policy_documents",
    "topic_settings",
    "subscription_settings",
    "metrics",
    "subscription_redrive",
    "sns_messages",
    "sns_timestamp",
    "firehose_subscriptions",  # after these two, whose envelopes it delivers
    "function_environment",
    "function_errors",
    "function_settings",
    "mapping_states",
    "public_layers",
    "alarms",
    "alarm_states",
    "dashboards",
    "log_patterns",
    "athena_answers",
    "parameters",
    "model_constraints",
    "cleared_settings",
    "s3_managed_key",
    "missing_objects",
    "permissions",
    "secure_transport",
    "api_gateway",
    "idle_connections",
    "web_pages",
    "step_functions",
)
"""The one list of them, in the order in which they are applied: names of modules with a function `apply()`."""


def apply() -> None:
    """Apply every correction. Raises `CorrectionError`."""
    hooks.check_version()
    for name in CORRECTIONS:
        import_module(f"{__name__}.{name}").apply()
