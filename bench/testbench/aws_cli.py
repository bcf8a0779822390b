"""The AWS CLI with the bench's addresses.

Neither CLI that people have obeys the variables alone: version 1 has an address of its own for SQS, and both take a
profile's. What obeys in all of them is `--endpoint-url`.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from testbench.endpoints import Endpoints
from testbench.paths import REQUIREMENTS
from testbench.progress import Say
from testbench.pythons import virtualenv

_WITH_A_VALUE = {"--profile", "--region", "--output", "--query", "--color", "--ca-bundle", "--cli-binary-format"}
"""Options that may stand before the service."""


def aws_command(words: Sequence[str], endpoints: Endpoints, say: Say) -> list[str]:
    """The command line for the words after `aws`: the CLI on PATH, else version 1 from PyPI in a virtualenv of its own.

    An `--endpoint-url` among the words is left as it is.
    """
    program = shutil.which("aws") or str(_from_pypi(say))
    if any(re.fullmatch("--endpoint-url(=.*)?", word) for word in words):
        return [program, *words]
    own = endpoints.firehose_url if _service(words) == "firehose" else ""
    return [program, "--endpoint-url", own or endpoints.aws_endpoint_url, *words]


def _service(words: Sequence[str]) -> str:
    before = ["", *words]
    operands = (
        word for last, word in zip(before, words, strict=False) if word[:1] != "-" and last not in _WITH_A_VALUE
    )
    return next(operands, "")


def _from_pypi(say: Say) -> Path:
    return virtualenv("awscli", REQUIREMENTS / "awscli.txt", say).with_name("aws")
