"""What SSM refuses of a parameter, and MiniStack 1.5.33 accepts: names, sizes of its tier, keys, patterns.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from testbench import tags
from testbench.backends.ministack.corrections import hooks

LARGEST = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""Characters of a value."""
DEEPEST = 15
_NAME = re.compile(r"[A-Za-z0-9_.-]+|(/[A-Za-z0-9_.-]+)+")


def problem(parameter: Mapping[str, Any]) -> str | None:
    """What is wrong with a parameter, None when SSM takes it."""
    name, value, kind = (str(parameter.get(field) or "") for field in ("Name", "Value", "Type"))
    tier = parameter.get("Tier") or "Standard"
    if not _NAME.fullmatch(name):
        return (
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
    if name.count("/") > DEEPEST:
        return f"Hierarchy depth exceeds the maximum allowed depth of {DEEPEST}."
    if not value:
        return "Value must have length greater than or equal to 1"
    if len(value) > LARGEST[tier]:
        return (
            f"{tier} tier parameters support a maximum parameter value of {LARGEST[tier]} characters. To create a "
            "larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
    if "{{" in value:
        return 'Parameter value: can\'t nest another parameter. Do not use "{{}}" in the value.'
    if parameter.get("KeyId") and kind and kind != "SecureString":
        return "KeyId is required for SecureString type parameter only."
    if pattern := parameter.get("AllowedPattern"):
        try:
            fits = re.fullmatch(pattern, value)
        except re.error as error:
            return f"Invalid pattern: {error}"
        if not fits:
            return f"Parameter value, cannot be validated against allowedPattern: {pattern}"
    return tags.problem({}, {tag["Key"]: tag.get("Value", "") for tag in parameter.get("Tags") or ()})


def apply() -> None:
    """Check before the emulator keeps it."""
    parameters, responses = hooks.service("ssm"), hooks.core("responses")

    def put(original: Callable[..., Any], data: Mapping[str, Any]) -> Any:
        wrong = problem(data)
        return responses.error_response_json("ValidationException", wrong, 400) if wrong else original(data)

    hooks.wrap(parameters, "_put_parameter", ("data",), put)
