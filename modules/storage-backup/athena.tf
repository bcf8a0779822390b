################################################################################
# Athena: nothing unless asked for
################################################################################

locals {
  # Counts ask the objects themselves for null: try() around an object with an unknown name in it is unknown as a whole.
  makes_database  = var.athena == null ? false : var.athena.database == null
  makes_workgroup = var.athena == null ? false : var.athena.workgroup == null

  glue_database_name = var.athena == null ? null : var.athena.database == null ? aws_glue_catalog_database.this[0].name : var.athena.database.name
  workgroup_name     = var.athena == null ? null : var.athena.workgroup == null ? aws_athena_workgroup.this[0].name : var.athena.workgroup.name

  athena_results_prefix   = "athena-results/${var.name}/"
  athena_results_location = var.athena == null ? null : coalesce(var.athena.results_location, "s3://${local.bucket.name}/${local.athena_results_prefix}")

  athena_lifecycle_rules = var.athena == null || try(var.athena.results_location, null) != null ? [] : [{
    id                                 = "expire-athena-results"
    prefix                             = local.athena_results_prefix
    expiration_days                    = 30
    noncurrent_version_expiration_days = 1
  }]
}

resource "aws_glue_catalog_database" "this" {
  count = local.makes_database ? 1 : 0

  name        = lower(replace(var.name, "-", "_"))
  description = "Archive of the fork ${var.name}"
  tags        = var.tags
}

# One row is one event, as the SNS envelope has it. Partition projection computes the partitions from the object keys: no crawler,
# no MSCK REPAIR, and an hour can be queried as soon as its first object is there.
# https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
resource "aws_glue_catalog_table" "this" {
  count = var.athena == null ? 0 : 1

  name          = var.athena.table_name
  database_name = local.glue_database_name
  description   = "Events of the fork ${var.name}, by date and hour (UTC) of their arrival"
  table_type    = "EXTERNAL_TABLE"

  parameters = merge({
    "EXTERNAL"                      = "TRUE"
    "classification"                = local.table_storage.classification
    "compressionType"               = local.table_storage.compression
    "projection.enabled"            = "true"
    "projection.date.type"          = "date"
    "projection.date.format"        = "yyyy-MM-dd"
    "projection.date.range"         = "${var.athena.first_date},NOW+1DAY"
    "projection.hour.type"          = "integer"
    "projection.hour.range"         = "0,23"
    "projection.hour.digits"        = "2"
    "storage.location.template"     = "s3://${local.bucket.name}/${var.prefix}${join("", [for column in local.partition_columns : "${column}=$${${column}}/"])}date=$${date}/hour=$${hour}/"
    "projection.date.interval"      = "1"
    "projection.date.interval.unit" = "DAYS"
  }, local.partition_projection)

  dynamic "partition_keys" {
    for_each = local.partition_columns

    content {
      name    = partition_keys.value
      type    = "string"
      comment = "What the event is filed under, as it is in the object key"
    }
  }

  partition_keys {
    name    = "date"
    type    = "string"
    comment = "Day of arrival, UTC, yyyy-MM-dd"
  }

  partition_keys {
    name    = "hour"
    type    = "string"
    comment = "Hour of arrival, UTC, 00-23"
  }

  storage_descriptor {
    location      = "s3://${local.bucket.name}/${var.prefix}"
    input_format  = local.table_storage.input_format
    output_format = local.table_storage.output_format

    ser_de_info {
      name                  = local.table_storage.name
      serialization_library = local.table_storage.library
      parameters            = local.table_storage.parameters
    }

    dynamic "columns" {
      for_each = local.athena_columns

      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.comment
      }
    }
  }
}

locals {
  athena_columns = [
    { name = "type", type = "string", comment = "Notification" },
    { name = "messageid", type = "string", comment = "Id that SNS gave the event; the same in every fork. Delivery is at least once: count distinct ids" },
    { name = "topicarn", type = "string", comment = "Topic it was published to" },
    { name = "subject", type = "string", comment = "Subject, where one was published" },
    { name = "message", type = "string", comment = "The message as it was published, after redaction" },
    { name = "timestamp", type = "string", comment = "Time of publication, ISO 8601, UTC" },
    { name = "messageattributes", type = "map<string,struct<type:string,value:string>>", comment = "Message attributes" },
  ]

  # Null for events without the attribute. Firehose says that it makes the keys of JSON lower case before it writes Parquet; whether that
  # includes names of attributes is not said, so both are looked for.
  event_type_attributes = distinct([for name in [try(var.athena.event_type_attribute, "")] : [name, local.parquet ? lower(name) : name]][0])
  event_type_values     = [for name in local.event_type_attributes : "element_at(messageattributes, '${name}').value"]
  event_type_sql        = length(local.event_type_values) == 1 ? local.event_type_values[0] : "coalesce(${join(", ", local.event_type_values)})"
  table_sql             = "\"${try(var.athena.table_name, "")}\""

  # A column of the type injected must be named by every query; its value comes after the query's own parameters.
  named_columns_sql  = join("", [for column in local.columns_to_name : " AND \"${column}\" = ?"])
  named_columns_text = length(local.columns_to_name) == 0 ? "" : ". Further parameters, each as it is in the object keys: ${join(", ", local.columns_to_name)}"

  named_queries = {
    events_per_type_and_hour = {
      description = "Events of the last 7 days per type and hour of arrival${local.named_columns_text}"
      query       = <<-SQL
        SELECT "date", "hour", ${local.event_type_sql} AS event_type, count(DISTINCT messageid) AS events
        FROM ${local.table_sql}
        WHERE "date" >= date_format(current_date - interval '7' day, '%Y-%m-%d')${local.named_columns_sql}
        GROUP BY 1, 2, 3
        ORDER BY 1, 2, 3
      SQL
    }
    payload_field = {
      description = "A field of the payload: put your own path in the place of $.id${local.named_columns_text}"
      query       = <<-SQL
        SELECT "timestamp", messageid, json_extract_scalar(message, '$.id') AS id
        FROM ${local.table_sql}
        WHERE "date" = date_format(current_date, '%Y-%m-%d')${local.named_columns_sql}
        ORDER BY "timestamp"
        LIMIT 100
      SQL
    }
    find_event_by_id = {
      description = "One event by its message id (parameter 1), arrived from the day in parameter 2 on, for example '2024-05-31'${local.named_columns_text}"
      query       = <<-SQL
        SELECT "date", "hour", "timestamp", messageid, subject, message, messageattributes
        FROM ${local.table_sql}
        WHERE messageid = ? AND "date" >= ?${local.named_columns_sql}
      SQL
    }
  }
}

resource "aws_athena_workgroup" "this" {
  count = local.makes_workgroup ? 1 : 0

  name          = var.name
  description   = "Queries over the archive of the fork ${var.name}"
  force_destroy = true # only the history of queries goes; results stay in the bucket

  configuration {
    enforce_workgroup_configuration    = true # a client cannot send results elsewhere or unencrypted
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.athena.bytes_scanned_limit

    result_configuration {
      output_location = local.athena_results_location

      # Without a key of the user's, the results get the default encryption of the bucket: SSE-KMS in the module's own.
      dynamic "encryption_configuration" {
        for_each = var.bucket_kms_key == null ? [] : [var.bucket_kms_key]

        content {
          encryption_option = "SSE_KMS"
          kms_key_arn       = encryption_configuration.value.arn
        }
      }
    }
  }

  tags = var.tags
}

resource "aws_athena_named_query" "this" {
  for_each = { for name, query in local.named_queries : name => query if var.athena != null }

  name        = "${var.name}-${each.key}"
  description = each.value.description
  workgroup   = local.workgroup_name
  database    = local.glue_database_name
  query       = each.value.query

  depends_on = [aws_glue_catalog_table.this]
}
