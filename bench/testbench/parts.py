"""What a part of the bench has to offer, so that all are installed, started and watched in the same way."""

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from testbench.endpoints import Endpoints
from testbench.progress import Say


@dataclass(frozen=True)
class Command:
    """How to start a part: the arguments and the whole environment of its process."""

    argv: Sequence[str]
    environment: Mapping[str, str]


class Part(Protocol):
    """One background process of the bench."""

    @property
    def name(self) -> str:
        """One word: used in file names, progress lines and errors."""

    def install(self, say: Say) -> None:
        """Make everything ready that can be kept between starts; quick when it is there already."""

    def command(self, port: int, endpoints: Endpoints, state: Path) -> Command:
        """How to start it on that port. `endpoints` holds the addresses of all parts, also of those not up yet."""

    def ready(self, port: int) -> bool:
        """Whether it does its work now. False while it is still coming up."""


class Backend(Part, Protocol):
    """The part that answers for the AWS APIs."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """What tests may need and it cannot do: a word for the marker `needs`, and the reason."""

    def runtime(self, say: Say) -> Path:
        """The interpreter that runs the functions, installed where it is not there yet."""


def answers(url: str, seconds: float = 2.0) -> bool:
    """Whether a GET of the loopback address gives a 2xx."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as answer:
            return 200 <= int(answer.status) < 300
    except (urllib.error.URLError, OSError):
        return False
