"""AWS's public layer with Powertools for AWS Lambda (Python) is the one that the bench built.

MiniStack 1.5.33 takes the ARN of another account's layer and loads nothing, so functions fail at their imports.
https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/#lambda-layer
"""

from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks

PUBLISHER = "017000801446"
PREFIX = "AWSLambdaPowertoolsPythonV3-"


def apply() -> None:
    """Look the bench's layer up where the public one is meant."""
    functions = hooks.service("lambda_svc")

    def built() -> Any:
        """The newest version of the bench's own layer, None when its project names none."""
        versions = [
            version
            for key, layer in functions._layers._data.items()
            if str(key[-1]).startswith(PREFIX)
            for version in layer["versions"]
            if not version.get("_deleted")
        ]
        return versions[-1] if versions else None

    def attach(original: Callable[..., Any], arn: str, spec: Any, name_and_version: tuple[str, int]) -> Any:
        own = built() if spec.account_id == PUBLISHER and name_and_version[0].startswith(PREFIX) else None
        if own is None:
            return original(arn, spec, name_and_version)
        layer, _, version = arn.rpartition(":")
        return own | {"LayerArn": layer, "LayerVersionArn": arn, "Version": int(version)}, None

    def load(original: Callable[..., Any], attachment: Any) -> Any:
        arn = str(attachment.get("Arn", "") if isinstance(attachment, dict) else attachment)
        own = built() if f":{PUBLISHER}:layer:{PREFIX}" in arn else None
        return own["_zip_data"] if own else original(attachment)

    hooks.wrap(functions, "_resolve_cross_account_layer", ("layer_arn", "spec", "name_and_version"), attach)
    hooks.wrap(functions, "_resolve_layer_zip", ("attachment",), load)
