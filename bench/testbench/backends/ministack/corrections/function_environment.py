"""The environment of a Python function's process, and the order in which it finds modules.

MiniStack 1.5.33 gives a function all of the emulator's own variables (LOG_LEVEL, TMPDIR, ...), some of which libraries
read, and lets layers win over the function's code. On AWS a function has its own variables and those of the runtime,
and the code comes before the layers. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html

Kept from the emulator: what a process needs (PATH), and the endpoint variables, which replace AWS's own addresses here.
"""

import subprocess
import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from testbench.backends.ministack.corrections import hooks

FROM_THE_HOST = ("PATH",)
_EMULATORS_CHANNEL = ("_LAMBDA_", "_MS_", "AWS_", "_X_AMZN_", "LAMBDA_TASK_ROOT", "_DURABLE")
"""Beginnings of the names that the emulator sets for the function itself, beside the function's own variables."""
_INHERITED_AWS = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
_BEFORE_INIT = "    _ms_install_invoke_depth()\n"
_CODE_FIRST = "    sys.path.remove(code_dir)\n    sys.path.insert(0, code_dir)\n"


def of_function(
    spawned: Mapping[str, str], own: Mapping[str, str], config: Mapping[str, Any], passed_on: Mapping[str, str]
) -> dict[str, str]:
    """The variables a function's process gets.

    `spawned` is what the emulator would give, `own` the function's configured variables, `passed_on` the emulator's
    variables that functions need.
    """
    name = str(config.get("FunctionName", ""))
    runtime = str(config.get("Runtime", "python3.13"))
    environment = {
        key: value for key, value in spawned.items() if key.startswith(_EMULATORS_CHANNEL) and key not in _INHERITED_AWS
    }
    return {
        **passed_on,
        **environment,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": str(config.get("Handler", "")),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        **own,
    }


class _Spawning(threading.local):
    config: Mapping[str, Any] | None = None


def apply() -> None:
    """Change what the emulator's Python worker is started with, and its bootstrap script."""
    runtime = hooks.core("lambda_runtime")
    spawning = _Spawning()

    def spawn(original: Callable[..., Any], worker: Any) -> Any:
        spawning.config = worker.config
        try:
            return original(worker)
        finally:
            spawning.config = None

    def popen(arguments: Any, **options: Any) -> Any:
        config = spawning.config
        if config is not None and str(config.get("Runtime", "")).startswith("python"):
            spawned = options["env"]
            own = (config.get("Environment") or {}).get("Variables") or {}
            passed_on = {key: spawned[key] for key in FROM_THE_HOST if key in spawned}
            options["env"] = of_function(spawned, own, config, passed_on)
        return subprocess.Popen(arguments, **options)

    hooks.wrap(runtime.Worker, "_spawn", ("self",), spawn)
    # the module's own name `subprocess`, so that nothing else in the emulator is affected
    runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": popen})

    hooks.replace_in_script(runtime, "_PYTHON_WORKER_SCRIPT", _BEFORE_INIT, _CODE_FIRST + _BEFORE_INIT)
