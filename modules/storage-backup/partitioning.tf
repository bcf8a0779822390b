################################################################################
# Partitioning: nothing unless asked for
################################################################################
# Firehose's dynamic partitioning: a packed record is taken apart again, a jq program finds the values that an event is filed under, and
# every combination of values has a buffer, a prefix and objects of its own.
# https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html

locals {
  partitioned = var.partition_by != null

  most_events_in_a_record = 500 # what Firehose takes apart at most
  longest_partition_value = 96

  partition_keys = [for key in try(var.partition_by.keys, []) : {
    # event_type of the attribute event_type, order_type of the path .order.type. Columns of Glue are lower case.
    column  = key.column != null ? key.column : trim(replace(lower(key.attribute != null ? key.attribute : key.body), "/[^a-z0-9]+/", "_"), "_")
    source  = key.attribute != null ? ".MessageAttributes[\"${key.attribute}\"].Value" : ".Message | fromjson | ${key.body}"
    default = key.default
    values  = key.values == null ? [] : key.values
  }]

  partition_columns = local.partition_keys[*].column

  # The value becomes a folder, so anything that is not a letter, a digit or one of ._- becomes `_`: no slash, no control character, nothing
  # that has to be escaped. What is no scalar, or empty, or not among the allowed values, gives the default. No event fails: neither one
  # without attributes, nor one whose message is not JSON. The language is jq 1.6.
  partition_expressions = [for key in local.partition_keys : join(" | ", [
    "[(try (${key.source}) catch null)",
    "(strings, numbers, booleans)",
    "tostring",
    ".[0:${local.longest_partition_value}]",
    "gsub(\"[^A-Za-z0-9._-]\"; \"_\")",
    "select(${length(key.values) == 0 ? ". != \"\"" : join(" or ", [for value in key.values : ". == \"${value}\""])})]",
    "(.[0] // \"${key.default}\")",
  ])]
  partition_query = "{${join(", ", [for number, key in local.partition_keys : "${key.column}: (${local.partition_expressions[number]})"])}}"

  partition_prefix = join("", [for column in local.partition_columns : "${column}=!{partitionKeyFromQuery:${column}}/"])
  # How long object keys can get up to the object's own name. Firehose stops at 512 characters.
  longest_prefix = length("${var.prefix}date=2024-05-31/hour=14/") + sum(concat([0], [
    for column in local.partition_columns : length("${column}=/") + local.longest_partition_value
  ]))

  # Values that are not in `values` are filed under the default, so the projection of a closed list leaves no event out.
  partition_projection = merge([for key in local.partition_keys : length(key.values) == 0 ? {
    "projection.${key.column}.type" = "injected"
    } : {
    "projection.${key.column}.type"   = "enum"
    "projection.${key.column}.values" = join(",", distinct(concat(key.values, [key.default])))
  }]...)

  # Athena reads a column of the type injected only where the query says which value is meant.
  columns_to_name = [for key in local.partition_keys : key.column if length(key.values) == 0]

  # SNS writes single events, each with its line feed: there is nothing to take apart, and nothing to end.
  # In Firehose's order: take apart, transform, find the values, end with a line feed. Without parameters the delimiter is a line feed, and
  # Firehose shows none whatever is given.
  split_processors = local.partitioned && !local.direct ? [{
    type = "RecordDeAggregation", parameters = [{ name = "SubRecordType", value = "JSON" }]
  }] : []
  partition_processors = local.partitioned ? concat(
    [{
      type = "MetadataExtraction"
      parameters = [
        { name = "JsonParsingEngine", value = "JQ-1.6" },
        { name = "MetadataExtractionQuery", value = local.partition_query },
      ]
    }],
    local.parquet || local.direct ? [] : [{ type = "AppendDelimiterToRecord", parameters = [] }],
  ) : []
}
