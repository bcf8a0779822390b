"""Rows into one Parquet or ORC object by pyarrow, with the settings of ParquetSerDe and OrcSerDe.

pyarrow is imported when the first object is made: most streams never need it, and it costs 60 MiB.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from local_firehose.conversion import hive_types as hive
from local_firehose.conversion.deserializer import Schema

DEFAULT_BLOCK_BYTES = 256 * 1024 * 1024
DEFAULT_PAGE_BYTES = 1024 * 1024
_PARQUET_COMPRESSION = {"UNCOMPRESSED": "none", "GZIP": "gzip", "SNAPPY": "snappy"}
_ROWS = 10_000
_MOST_BYTES = 64 * 1024 * 1024  # of tables that wait to be written
_ORC_COMPRESSION = {"NONE": "uncompressed", "ZLIB": "zlib", "SNAPPY": "snappy"}


class TableError(ValueError):
    """A row holds what no column of its type can: half of a surrogate pair, for example."""


def table(rows: Sequence[dict[str, Any]], schema: Schema) -> Any:
    """The rows as a pyarrow table; TableError when one does not fit."""
    import pyarrow as arrow

    try:
        columns = arrow_schema(schema)
        parts = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)]  # a part holds Python's lock
        return joined([arrow.Table.from_pylist(list(part), schema=columns) for part in parts or [[]]])
    except (ValueError, OverflowError) as error:  # arrow.ArrowInvalid is a ValueError
        raise TableError(str(error)) from error


def joined(tables: Sequence[Any]) -> Any:
    """One table of all rows; nothing is copied."""
    import pyarrow as arrow

    return arrow.concat_tables(tables)


class Serialization:
    """One object made table by table; ``serializer`` is the API's Serializer (exactly one of its members is set).

    A table takes up to forty times the memory of its JSON, so what makes a row group is written at once.
    """

    def __init__(self, schema: Any, serializer: Mapping[str, Any]) -> None:
        self._target = io.BytesIO()
        self._tables: list[Any] = []
        self._bytes = 0
        self._block = serializer.get("ParquetSerDe", {}).get("BlockSizeBytes", DEFAULT_BLOCK_BYTES)
        if "OrcSerDe" in serializer:
            self._writer = _orc_writer(self._target, serializer["OrcSerDe"])
        else:
            self._writer = _parquet_writer(self._target, schema, serializer["ParquetSerDe"])

    def add(self, table: Any) -> None:
        """The next rows."""
        self._tables.append(table)
        self._bytes += table.nbytes
        if self._bytes >= min(self._block, _MOST_BYTES):
            self._write()

    def close(self) -> bytes:
        """The object's bytes."""
        self._write()
        self._writer.close()
        return self._target.getvalue()

    def _write(self) -> None:
        if not self._tables:
            return
        table = joined(self._tables)
        if hasattr(self._writer, "write_table"):
            row_bytes = max(1, table.nbytes // max(1, table.num_rows))
            self._writer.write_table(table, row_group_size=max(1, self._block // row_bytes))
        else:
            self._writer.write(table)
        self._tables, self._bytes = [], 0


def serialize(arrow_table: Any, serializer: Mapping[str, Any]) -> bytes:
    """The object's bytes of one table."""
    made = Serialization(arrow_table.schema, serializer)
    made.add(arrow_table)
    return made.close()


def extension(serializer: Mapping[str, Any]) -> str:
    """The default extension of the object."""
    return ".orc" if "OrcSerDe" in serializer else ".parquet"


def content_encoding(serializer: Mapping[str, Any]) -> str:
    """What AWS was seen to write beside Parquet, though it is true of nothing (floci's page on Firehose)."""
    given = serializer.get("ParquetSerDe", {"Compression": ""})
    return "hadoop-snappy" if given.get("Compression", "SNAPPY") == "SNAPPY" else ""


def arrow_schema(schema: Schema) -> Any:
    """The pyarrow schema of the columns."""
    import pyarrow as arrow

    return arrow.schema([(name, _arrow_type(kind)) for name, kind in schema.columns])


def _arrow_type(kind: hive.HiveType) -> Any:
    import pyarrow as arrow

    if isinstance(kind, hive.Array):
        return arrow.list_(_arrow_type(kind.element))
    if isinstance(kind, hive.Map):
        return arrow.map_(_arrow_type(kind.key), _arrow_type(kind.value))
    if isinstance(kind, hive.Struct):
        return arrow.struct([(name, _arrow_type(field)) for name, field in kind.fields])
    if isinstance(kind, hive.Text):
        return arrow.string()
    if isinstance(kind, hive.Decimal):
        return arrow.decimal128(kind.precision, kind.scale)
    primitives = {
        "boolean": arrow.bool_,
        "tinyint": arrow.int8,
        "smallint": arrow.int16,
        "int": arrow.int32,
        "bigint": arrow.int64,
        "float": arrow.float32,
        "double": arrow.float64,
        "string": arrow.string,
        "binary": arrow.binary,
        "date": arrow.date32,
    }
    if kind.name == "timestamp":
        return arrow.timestamp("us", tz="UTC")
    return primitives[kind.name]()


def _parquet_writer(target: io.BytesIO, schema: Any, given: Mapping[str, Any]) -> Any:
    from pyarrow import parquet

    return parquet.ParquetWriter(
        target,
        schema,
        compression=_PARQUET_COMPRESSION[given.get("Compression", "SNAPPY")],
        use_dictionary=given.get("EnableDictionaryCompression", False),
        data_page_size=given.get("PageSizeBytes", DEFAULT_PAGE_BYTES),
        data_page_version="2.0" if given.get("WriterVersion") == "V2" else "1.0",
        use_deprecated_int96_timestamps=True,  # as Hive's writer does, and Athena reads
    )


def _orc_writer(target: io.BytesIO, given: Mapping[str, Any]) -> Any:
    from pyarrow import orc

    return orc.ORCWriter(
        target,
        compression=_ORC_COMPRESSION[given.get("Compression", "SNAPPY")],
        stripe_size=given.get("StripeSizeBytes", 64 * 1024 * 1024),
        row_index_stride=given.get("RowIndexStride", 10_000),
        dictionary_key_size_threshold=given.get("DictionaryKeyThreshold", 0.0),
    )
