"""Column types of the Glue catalog as DuckDB's, and values as Athena's SerDe takes them."""

import pytest

from local_firehose.conversion.hive_types import parse
from testbench.duckdb_types import as_read, in_duckdb


@pytest.mark.parametrize(
    ("text", "duckdb"),
    [
        ("string", "VARCHAR"),
        ("BIGINT", "BIGINT"),
        ("integer", "INTEGER"),
        ("decimal", "DECIMAL(10,0)"),
        ("decimal(12,2)", "DECIMAL(12,2)"),
        ("varchar(20)", "VARCHAR"),
        ("array<int>", "INTEGER[]"),
        ("map<string,struct<type:string,value:string>>", 'MAP(VARCHAR, STRUCT("type" VARCHAR, "value" VARCHAR))'),
        ("struct<a:array<map<string,double>>,b:decimal(5,1)>", 'STRUCT("a" MAP(VARCHAR, DOUBLE)[], "b" DECIMAL(5,1))'),
    ],
)
def test_a_type_is_put_in_the_words_of_duckdb(text: str, duckdb: str) -> None:
    assert in_duckdb(parse(text)) == duckdb


def test_struct_fields_are_found_in_any_case_and_map_keys_are_left_alone() -> None:
    kind = parse("struct<id:string,tags:map<string,struct<value:string>>,list:array<struct<n:int>>>")
    value = {"ID": "1", "Tags": {"KeyOne": {"Value": "v", "other": 1}}, "list": [{"N": 1}], "extra": 0}
    assert as_read(kind, value) == {"id": "1", "tags": {"KeyOne": {"value": "v"}}, "list": [{"n": 1}]}


def test_a_value_of_another_shape_is_left_for_the_engine_to_refuse() -> None:
    assert as_read(parse("struct<id:string>"), "x") == "x"
    assert as_read(parse("array<int>"), None) is None
