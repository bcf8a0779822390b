"""Requests against botocore's own service model: types, required members, lengths, ranges, enums, patterns.

botocore's ParamValidator checks neither patterns nor enums nor upper bounds, so the checks are built here from the
same model. What AWS calls a constraint becomes one ValidationException that lists every violation; a value of the
wrong JSON type is a SerializationException before that. Frames: notes "1.1 Protocol and operations".
"""

import base64
import binascii
import functools
from collections.abc import Callable, Mapping
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape, StructureShape

from local_firehose.api.errors import SerializationError, UnknownOperationError, ValidationError
from local_firehose.validation.java_regex import compile_pattern

Violations = list[str]
Reader = Callable[[Any, str, Violations], Any]

# The one enum whose order in the message was seen on AWS; others are listed in the model's order.
_OBSERVED_ENUM_ORDER = {"CompressionFormat": ["ZIP", "HADOOP_SNAPPY", "Snappy", "GZIP", "UNCOMPRESSED"]}


@functools.cache
def service_model() -> ServiceModel:
    """The Firehose model that ships with botocore."""
    return ServiceModel(Loader().load_service_model("firehose", "service-2"), "firehose")


class RequestReader:
    """Turns a decoded JSON body into checked parameters: blobs as bytes, unknown members left out.

    ``relaxed_patterns`` names shapes whose pattern is not enforced (bench relaxations, explicit flags).
    """

    def __init__(self, relaxed_patterns: frozenset[str] = frozenset()) -> None:
        self._model = service_model()
        self._relaxed = relaxed_patterns
        self._readers: dict[str, Reader] = {}

    def read(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of ``operation``, or SerializationError / ValidationError / UnknownOperationError."""
        if operation not in self._model.operation_names:
            raise UnknownOperationError(f"Unknown operation: {operation}")
        shape: Any = self._model.operation_model(operation).input_shape
        violations: Violations = []
        parameters: dict[str, Any] = self._reader(shape)(body, "", violations)
        if violations:
            count = len(violations)
            raise ValidationError(
                f"{count} validation error{'s' if count > 1 else ''} detected: " + "; ".join(violations)
            )
        return parameters

    def _reader(self, shape: Shape) -> Reader:
        reader = self._readers.get(shape.name)
        if reader is None:
            build: dict[str, Callable[[Any], Reader]] = {
                "structure": self._structure,
                "list": self._list,
                "map": self._map,
                "string": self._string,
                "blob": self._blob,
                "integer": self._integer,
                "double": self._double,
                "boolean": self._boolean,
                "timestamp": self._double,
            }
            reader = self._readers[shape.name] = build[shape.type_name](shape)
        return reader

    def _structure(self, shape: StructureShape) -> Reader:
        required = frozenset(shape.required_members)
        members = {name: (name[0].lower() + name[1:], member) for name, member in shape.members.items()}

        def read(value: Any, path: str, violations: Violations) -> Any:
            if not isinstance(value, dict):
                raise SerializationError("Start of structure or map found where not expected.")
            result: dict[str, Any] = {}
            dot = f"{path}." if path else ""
            for name, (wire_path, member) in members.items():
                given = value.get(name)
                if given is not None:
                    result[name] = self._reader(member)(given, dot + wire_path, violations)
                elif name in required:
                    violations.append(_violation(dot + wire_path, "Member must not be null"))
            return result

        return read

    def _list(self, shape: Any) -> Reader:
        member: Shape = shape.member
        least, most = _limits(shape)

        def read(value: Any, path: str, violations: Violations) -> Any:
            if not isinstance(value, list):
                raise SerializationError("Expected list or null")
            _check_length(len(value), path, least, most, violations)
            if most is not None and len(value) > most:
                return []  # a request holds millions of members, each with violations of its own
            reader = self._reader(member)
            result: list[Any] = []
            for number, item in enumerate(value, start=1):
                member_path = f"{path}.{number}.member"
                if item is None:
                    violations.append(_violation(member_path, "Member must not be null"))
                else:
                    result.append(reader(item, member_path, violations))
            return result

        return read

    def _map(self, shape: Any) -> Reader:
        def read(value: Any, path: str, violations: Violations) -> Any:
            if not isinstance(value, dict):
                raise SerializationError("Start of structure or map found where not expected.")
            key, member = self._reader(shape.key), self._reader(shape.value)
            return {
                key(name, f"{path}.key", violations): member(item, f"{path}.{name}.member", violations)
                for name, item in value.items()
            }

        return read

    def _string(self, shape: Any) -> Reader:
        least, most = _limits(shape)
        enum = frozenset(shape.enum)
        listed = ", ".join(_OBSERVED_ENUM_ORDER.get(shape.name, shape.enum))
        text = "" if shape.name in self._relaxed else shape.metadata.get("pattern", "")
        pattern = compile_pattern(text) if text else None

        def read(value: Any, path: str, violations: Violations) -> Any:
            if not isinstance(value, str):
                raise SerializationError(f"{_json_kind(value)} can not be converted to a String")
            _check_length(len(value), path, least, most, violations)
            if enum and value not in enum:
                violations.append(_violation(path, f"Member must satisfy enum value set: [{listed}]"))
            if pattern and not pattern.fullmatch(value):
                violations.append(_violation(path, f"Member must satisfy regular expression pattern: {text}"))
            return value

        return read

    def _blob(self, shape: Any) -> Reader:
        least, most = _limits(shape)

        def read(value: Any, path: str, violations: Violations) -> Any:
            if not isinstance(value, str):
                raise SerializationError(f"{_json_kind(value)} can not be converted to a Blob")
            try:
                data = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError) as error:
                raise SerializationError(f"Invalid base64 in {path}: {error}") from error
            _check_length(len(data), path, least, most, violations)
            return data

        return read

    def _integer(self, shape: Any) -> Reader:
        least, most = _limits(shape)

        def read(value: Any, path: str, violations: Violations) -> Any:
            if isinstance(value, bool) or not isinstance(value, int):
                raise SerializationError(f"{_json_kind(value)} can not be converted to an Integer")
            _check_value(value, path, least, most, violations)
            return value

        return read

    def _double(self, shape: Any) -> Reader:
        least, most = _limits(shape)

        def read(value: Any, path: str, violations: Violations) -> Any:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise SerializationError(f"{_json_kind(value)} can not be converted to a Double")
            _check_value(value, path, least, most, violations)
            return value

        return read

    def _boolean(self, shape: Any) -> Reader:
        del shape  # booleans have no constraints

        def read(value: Any, path: str, violations: Violations) -> Any:
            del path, violations
            if not isinstance(value, bool):
                raise SerializationError(f"{_json_kind(value)} can not be converted to a Boolean")
            return value

        return read


def _limits(shape: Any) -> tuple[float | None, float | None]:
    return shape.metadata.get("min"), shape.metadata.get("max")


def _check_length(length: int, path: str, least: float | None, most: float | None, violations: Violations) -> None:
    if most is not None and length > most:
        violations.append(_violation(path, f"Member must have length less than or equal to {most}"))
    if least is not None and length < least:
        violations.append(_violation(path, f"Member must have length greater than or equal to {least}"))


def _check_value(value: float, path: str, least: float | None, most: float | None, violations: Violations) -> None:
    if most is not None and value > most:
        violations.append(_violation(path, f"Member must have value less than or equal to {most}"))
    if least is not None and value < least:
        violations.append(_violation(path, f"Member must have value greater than or equal to {least}"))


def _violation(path: str, rule: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {rule}"


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, int | float):
        return "NUMBER_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
