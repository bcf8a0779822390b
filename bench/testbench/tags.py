"""What no service of AWS takes as tags. https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""

from collections.abc import Mapping

MOST, LONGEST_KEY, LONGEST_VALUE = 50, 128, 256


def problem(present: Mapping[str, str], asked: Mapping[str, str]) -> str | None:
    """What is wrong with tags that are added to the present ones, None when AWS takes them."""
    if len(present.keys() | asked.keys()) > MOST:
        return f"Too many tags: a resource has at most {MOST}"
    for key, value in asked.items():
        if key.lower().startswith("aws:"):
            return f"Tag keys that start with aws: are reserved: {key}"
        if not 1 <= len(key) <= LONGEST_KEY or len(value or "") > LONGEST_VALUE:
            return f"A tag has a key of 1 to {LONGEST_KEY} characters and a value of at most {LONGEST_VALUE}: {key}"
    return None
