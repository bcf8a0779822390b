"""Who is not answered: web pages of other sites, in a browser on this machine.

Every page that is open in a browser can send requests to loopback. It says so by its Origin, or by Sec-Fetch-Site. A
page whose own name was pointed at 127.0.0.1 (DNS rebinding) counts as the same site, but its name is in the Host.
SDKs, command lines and pages of this machine (http://localhost:3000) are none of these.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site

Standard library only: it also runs inside the emulator.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

HEADERS = ("host", "origin", "sec-fetch-site")
"""What is looked at."""


def refusal(headers: Mapping[str, str], *, any_host: bool = False) -> str:
    """Why a request is not answered, "" when it is. Names of headers are in small letters, or `headers` ignores case.

    `any_host`: the server listens on more than loopback because its user wants that, so that it has other names.
    """
    host, origin, site = (headers.get(name, "") for name in HEADERS)
    if host and not any_host and not is_loopback(f"//{host}"):
        return f"The Host of a request must be this machine's, such as 127.0.0.1 or localhost, it is {host!r}"
    if origin and not is_loopback(origin):
        return f"A web page is answered only if it comes from this machine, the Origin of this one is {origin!r}"
    if site == "cross-site":
        return "A web page is answered only if it comes from this machine, Sec-Fetch-Site of this one is 'cross-site'"
    return ""


def is_loopback(url: str) -> bool:
    """Whether the address names this machine: 127.0.0.1, ::1, localhost and what lies below it."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith((".localhost", ".localhost.localstack.cloud")):
        return True  # the last one is LocalStack's name for 127.0.0.1, which its buckets and APIs have
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost.localstack.cloud"
