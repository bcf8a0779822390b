"""What the host's shell and files say of AWS, terraform and the terminal: tests leave it behind first of all."""

import os
from functools import cache

_NAMES_BEGIN = ("AWS_", "POWERTOOLS_", "TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_VAR_", "TF_WORKSPACE")
"""Variables that would reach the code under test: an account, how terraform is run."""
_OF_THE_TERMINAL = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE")
"""What rich and typer print by."""
_LOOPBACK = "127.0.0.1,localhost"


@cache  # once: a conftest sets variables of its own after it
def leave() -> None:
    """Take the host's variables out of this process; no proxy for what runs on this machine."""
    for name in [name for name in os.environ if name.startswith(_NAMES_BEGIN)] + [*_OF_THE_TERMINAL]:
        os.environ.pop(name, None)
    os.environ |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("NO_PROXY", "no_proxy"):  # pip may need the proxy, what runs on this machine does not
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), _LOOPBACK)))
