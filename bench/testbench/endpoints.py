"""What a running bench offers, as its state folder holds it (endpoints.json)."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from testbench.errors import BenchError

REGION = "eu-west-1"
ACCOUNT = "000000000000"
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 -- the emulator accepts any
ELSEWHERE = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
"""Variables that would lead an SDK away from the bench, whatever else is set."""
_LOOPBACK = "127.0.0.1,localhost"


@dataclass(frozen=True)
class Endpoints:
    """Addresses of the parts (http://127.0.0.1:PORT) and what was published to them; "" for what the bench lacks.

    Attributes:
        backend: what answers for the AWS APIs.
        parts: names of the processes that were started.
        authorise: whether IAM and resource policies are enforced.
        powertools_layer_arn: "" where the project names no layer, and until it is published.
        kept: true for a bench that `up` started: it stays when the last test run that uses it ends.
    """

    backend: str
    aws_endpoint_url: str
    firehose_url: str
    opensearch_url: str
    region: str = REGION
    account: str = ACCOUNT
    parts: tuple[str, ...] = ()
    authorise: bool = False
    powertools_layer_arn: str = ""
    kept: bool = False

    def environment(self) -> dict[str, str]:
        """Variables that send any AWS SDK, the AWS CLI and Terraform to the bench, past a proxy."""
        past_the_proxy = _with_loopback(os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "")
        found = {
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
            "AWS_ENDPOINT_URL_FIREHOSE": self.firehose_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPENSEARCH_URL": self.opensearch_url,
            "POWERTOOLS_LAYER_ARN": self.powertools_layer_arn,
            "NO_PROXY": past_the_proxy,
            "no_proxy": past_the_proxy,
        }
        return {name: value for name, value in found.items() if value}

    def within(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process that shall talk to the bench, whatever account the shell is set up for."""
        own = self.environment()
        foreign = [name for name in elsewhere(environment) if name not in own]
        return {name: value for name, value in environment.items() if name not in foreign} | own

    def address(self, part: str) -> str:
        """Where that part answers."""
        others = {"firehose": self.firehose_url, "opensearch": self.opensearch_url}
        return others.get(part, self.aws_endpoint_url)

    def described(self) -> str:
        """What the backend is, in a few words."""
        policies = ", policies enforced" if self.authorise else ""
        return f"{self.backend}, {self.region}, account {self.account}{policies}"

    def save(self, state: Path) -> None:
        """Write endpoints.json in one step."""
        temporary = state / "endpoints.json.new"
        temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")
        temporary.replace(state / "endpoints.json")

    @classmethod
    def load(cls, state: Path) -> "Endpoints | None":
        """What endpoints.json says; None when there is none. Raises `BenchError` when it cannot be understood."""
        file = state / "endpoints.json"
        try:
            fields = json.loads(file.read_text())
            return cls(**{**fields, "parts": tuple(fields["parts"])})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise BenchError(
                f"{file} is not what this version of the bench writes: `python -m testbench down --state {state}` "
                "stops that bench and forgets it"
            ) from error


def elsewhere(environment: Mapping[str, str]) -> list[str]:
    """Names of variables that would lead a client away from the bench: fixed ones and addresses of single services."""
    services = (name for name in environment if name.startswith("AWS_ENDPOINT_URL_"))
    return [*ELSEWHERE, *sorted(services)]


def _with_loopback(no_proxy: str) -> str:
    return no_proxy if _LOOPBACK in no_proxy else ",".join(filter(None, (no_proxy, _LOOPBACK)))


def forget(state: Path) -> None:
    """Remove endpoints.json."""
    (state / "endpoints.json").unlink(missing_ok=True)
