"""Column types of the Glue catalog."""

import pytest

from testbench.hive_types import parse_type


@pytest.mark.parametrize(
    ("text", "duckdb"),
    [
        ("string", "VARCHAR"),
        ("BIGINT", "BIGINT"),
        ("decimal(12,2)", "DECIMAL(12,2)"),
        ("varchar(20)", "VARCHAR"),
        ("array<int>", "INTEGER[]"),
        ("map<string,struct<type:string,value:string>>", 'MAP(VARCHAR, STRUCT("type" VARCHAR, "value" VARCHAR))'),
        ("struct<a:array<map<string,double>>,b:decimal(5,1)>", 'STRUCT("a" MAP(VARCHAR, DOUBLE)[], "b" DECIMAL(5,1))'),
    ],
)
def test_a_type_is_put_in_the_words_of_duckdb(text: str, duckdb: str) -> None:
    assert parse_type(text).duckdb == duckdb


@pytest.mark.parametrize("text", ["", "money", "array<>", "struct<a:money>", "int int", "map<string,int>>"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown type|does not end"):
        parse_type(text)


def test_struct_fields_are_found_in_any_case_and_map_keys_are_left_alone() -> None:
    kind = parse_type("struct<id:string,tags:map<string,struct<value:string>>,list:array<struct<n:int>>>")
    value = {"ID": "1", "Tags": {"KeyOne": {"Value": "v", "other": 1}}, "list": [{"N": 1}], "extra": 0}
    assert kind.read(value) == {"id": "1", "tags": {"KeyOne": {"value": "v"}}, "list": [{"n": 1}]}


def test_a_value_of_another_shape_is_left_for_the_engine_to_refuse() -> None:
    assert parse_type("struct<id:string>").read("x") == "x"
    assert parse_type("array<int>").read(None) is None
