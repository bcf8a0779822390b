"""An emulator does not close a connection that waits for the next request.

MiniStack 1.5.33 closes it after 75 s, LocalStack 2026.3.0 after 5 s; the SDK in Terraform's provider sends requests on
connections of up to 90 s. A busy emulator can begin to serve such a request and close the connection at the same
moment: the answer is lost, the SDK asks again, and what it makes is made twice (a second event source mapping, that
nobody knows of to destroy) or refused (a log group that is there already). AWS closes idle connections too, but answers
what it has served.
"""

import importlib
from collections.abc import Callable
from typing import Any

from testbench.backends import hooks

IDLE_SECONDS = 24 * 3600


def serve(original: Callable[..., Any], app: Any, config: Any, **options: Any) -> Any:
    """Serve with that patience."""
    config.keep_alive_timeout = IDLE_SECONDS
    return original(app, config, **options)


def apply() -> None:
    """Before the emulator imports it, which it does when it starts."""
    hooks.wrap(
        importlib.import_module("hypercorn.asyncio"), "serve", ("app", "config", "shutdown_trigger", "mode"), serve
    )
