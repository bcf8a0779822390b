"""The operator cidr: does a text name an IP address inside a network?

Source: AWS page "String value matching", section "IP address matching". The order of the checks and their words are
those SNS answered with; mask bits of a single host (/32, /128) are refused by the rule engine AWS published.
"""

import ipaddress

from event_fork.filter_policy.errors import refusal
from event_fork.filter_policy.leaf_match import LeafMatch

_RULE = "cidr takes one IPv4 or IPv6 network: an address, one slash, the number of mask bits (0-31 or 0-127)"
_EXAMPLE = '{"source_ip": [{"cidr": "10.0.0.0/24"}]}'


def cidr(network: object) -> LeafMatch:
    """The match for `{"cidr": network}`. Bits of the address behind the mask are ignored."""
    if not isinstance(network, str):
        # SNS says "prefix" here; its own slip, kept so that the reason can be searched for.
        raise refusal("prefix match pattern must be a string", rule=_RULE, example=_EXAMPLE, received=network)
    address_text, slash, bits_text = network.partition("/")
    if not slash or not bits_text or "/" in bits_text:
        raise refusal("Malformed CIDR, one '/' required", rule=_RULE, example=_EXAMPLE, received=network)
    if not bits_text.removeprefix("-").isdecimal():
        raise refusal("Malformed CIDR, mask bits must be an integer", rule=_RULE, example=_EXAMPLE, received=network)
    bits = int(bits_text)
    if bits < 0:
        raise refusal("Malformed CIDR, mask bits must not be negative", rule=_RULE, example=_EXAMPLE, received=network)
    address = _address(address_text)
    if address is None:
        raise refusal(f"Nonstandard IP address: {address_text}", rule=_RULE, example=_EXAMPLE, received=network)
    if bits >= address.max_prefixlen:
        reason = f"IPv{address.version} mask bits must be < {address.max_prefixlen}"
        raise refusal(reason, rule=_RULE, example=_EXAMPLE, received=network)

    version, shift = address.version, address.max_prefixlen - bits
    wanted = int(address) >> shift

    def inside(text: str) -> bool:
        candidate = _address(text)
        return candidate is not None and candidate.version == version and int(candidate) >> shift == wanted

    return LeafMatch(text=inside)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if "%" in text:  # A zone is no part of an address on the wire; ipaddress would accept and ignore it.
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
