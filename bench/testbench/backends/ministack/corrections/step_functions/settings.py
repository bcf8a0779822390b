"""Fields of a Map state: a value in the definition, or `<Field>Path` that selects it from the input.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.ministack.corrections.step_functions.execution_error import execution_error


@dataclass(frozen=True)
class State:
    """The Map state's definition with the effective input and the context object its paths are resolved against."""

    definition: Mapping[str, Any]
    effective: Any
    context: Any

    def resolve(self, template: Any) -> Any:
        """A payload template (`Parameters`, `BatchInput`, ...) with its `.$` fields filled in."""
        return hooks.service("stepfunctions")._resolve_params_obj(template, self.effective, self.context)

    def number(self, field: str, owner: Mapping[str, Any] | None = None) -> float | None:
        """The number in `field` or selected by `<field>Path`; None when neither is there.

        Raises the execution error States.Runtime for anything that is not a number of at least 0.
        """
        fields = self.definition if owner is None else owner
        path = fields.get(f"{field}Path")
        if path is None:
            value = fields.get(field)
            if value is None:
                return None
        else:
            value = hooks.service("stepfunctions")._resolve_path_or_ctx(path, self.effective, self.context)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise execution_error(
                "States.Runtime", f"{field}{'Path' if path else ''} must give a number >= 0, got {value!r}"
            )
        return value

    def whole_number(self, field: str, owner: Mapping[str, Any] | None = None) -> int | None:
        """As `number`, for a count."""
        value = self.number(field, owner)
        if value is not None and value != int(value):
            raise execution_error("States.Runtime", f"{field} must be a whole number, got {value!r}")
        return None if value is None else int(value)
