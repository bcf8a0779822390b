# topic -> fork (subscription, queue, function) -> delivery stream -> bucket (-> Athena, in athena.tf)
# What the stream does to records on the way: partitioning.tf, format.tf; without queue and function: direct.tf.

################################################################################
# Fork
################################################################################

module "fork" {
  source = "../fork"

  name        = var.name
  description = "Event fork: writes the events of an SNS topic to the bucket ${local.bucket.name}"

  topic_arn           = var.topic_arn
  create_subscription = var.create_subscription
  filter_policy       = var.filter_policy
  filter_policy_scope = var.filter_policy_scope
  # The envelope holds the id, the time and the attributes of a message. Raw delivery would lose them, and messages with more than ten attributes.
  raw_message_delivery = false
  ingest               = var.ingest
  stream_arn           = local.direct ? aws_kinesis_firehose_delivery_stream.this[0].arn : null

  kms_key           = var.kms_key
  queue             = var.queue
  dead_letter_queue = var.dead_letter_queue
  max_message_bytes = var.max_message_bytes
  undelivered_queue = var.undelivered_queue
  replace_stores    = var.replace_stores

  handler              = "event_fork.storage_backup.handler"
  lambda_package       = var.lambda_package
  function             = var.function
  event_source_mapping = var.event_source_mapping
  powertools_layer_arn = var.powertools_layer_arn
  tracing              = var.tracing
  dashboard            = var.dashboard
  function_vpc         = var.function_vpc
  log_level            = var.log_level
  log_retention_days   = var.log_retention_days
  log_kms_key          = var.log_kms_key
  roles                = var.roles
  alarms               = var.alarms
  tags                 = var.tags

  delivery = {
    name        = aws_kinesis_firehose_delivery_stream.this[0].name
    more_names  = slice(aws_kinesis_firehose_delivery_stream.this[*].name, 1, var.stream_count)
    destination = "S3"
  }
  environment_variables = local.function_environment
  policy_statements     = local.function_statements
}

locals {
  direct = var.ingest == "direct"

  # A user's transformation function sees what Firehose sees: one event in each record. So does the conversion to Parquet, which puts a
  # record that it cannot read aside as a whole. Where Firehose takes records apart first, both see single events anyway.
  pack_records = var.pack_records != null ? var.pack_records : !local.direct && (local.partitioned || (var.transformation_function == null && !local.parquet))

  # The function makes each record a gzip file of many lines, and such files one after the other are one. Not where something on the way has to
  # read a record.
  compress_records = var.compress_records != null ? var.compress_records : (
    local.pack_records && local.compression == "GZIP" && !local.partitioned && !local.parquet && var.transformation_function == null
  )

  function_environment = merge(var.environment_variables, local.partitioned ? { MAX_EVENTS_PER_RECORD = tostring(local.most_events_in_a_record) } : {}, module.delivery.function_environment, {
    DELIVERY_STREAM_NAME = aws_kinesis_firehose_delivery_stream.this[0].name
    RECORD_FORMAT        = var.record_format
    PACK_RECORDS         = tostring(local.pack_records)
    COMPRESS_RECORDS     = tostring(local.compress_records)
    REDACT               = local.redact
  })
  redact = jsonencode([for rule in var.redact : { for key, value in rule : key => value if value != null && value != false }])

  function_statements = [{
    sid       = "WriteToStream"
    actions   = ["firehose:PutRecordBatch"]
    resources = aws_kinesis_firehose_delivery_stream.this[*].arn
  }]
}

################################################################################
# Delivery stream
################################################################################

locals {
  # Always written out: a prefix without a time expression gets one from Firehose, and an error prefix without one gets none.
  object_prefix = "${var.prefix}${local.partition_prefix}date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
  error_prefix  = "errors/${var.prefix}!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"

  writable_prefixes = ["${var.prefix}${local.partitioned ? local.partition_columns[0] : "date"}=", "errors/${var.prefix}"]

  # In the order in which Firehose runs them, whatever the order they are given in.
  processors = concat(
    local.split_processors,
    local.transformation_function == null ? [] : [{ type = "Lambda", parameters = module.delivery.transformation_parameters }],
    local.partition_processors,
  )
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  count = var.stream_count

  name        = module.delivery.stream_names[count.index]
  destination = "extended_s3"

  server_side_encryption {
    enabled  = true
    key_type = var.kms_key == null ? "AWS_OWNED_CMK" : "CUSTOMER_MANAGED_CMK"
    key_arn  = try(var.kms_key.arn, null)
  }

  extended_s3_configuration {
    role_arn            = module.delivery.role_arn
    bucket_arn          = local.bucket.arn
    prefix              = local.object_prefix
    error_output_prefix = local.error_prefix
    compression_format  = local.parquet || local.compress_records ? "UNCOMPRESSED" : local.compression
    file_extension      = local.compress_records ? ".gz" : null # Athena and others tell GZIP by the key's end
    buffering_interval  = var.buffering.interval_seconds
    buffering_size      = local.buffer_size_mib
    kms_key_arn         = try(var.bucket_kms_key.arn, null)

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = module.delivery.log_group_name
      log_stream_name = module.delivery.log_stream_name
    }

    # Firehose decides about it when the stream is made: to change it later is to make another stream.
    dynamic "dynamic_partitioning_configuration" {
      for_each = local.partitioned ? [var.partition_by] : []

      content {
        enabled        = true
        retry_duration = dynamic_partitioning_configuration.value.retry_duration_seconds
      }
    }

    dynamic "processing_configuration" {
      for_each = length(local.processors) == 0 ? [] : [local.processors]

      content {
        enabled = true

        dynamic "processors" {
          for_each = processing_configuration.value

          content {
            type = processors.value.type

            dynamic "parameters" {
              for_each = processors.value.parameters

              content {
                parameter_name  = parameters.value.name
                parameter_value = parameters.value.value
              }
            }
          }
        }
      }
    }

    dynamic "data_format_conversion_configuration" {
      for_each = local.conversions

      content {
        input_format_configuration {
          deserializer {
            open_x_json_ser_de {
              case_insensitive = true # the envelope says MessageId, the column is messageid
            }
          }
        }

        output_format_configuration {
          serializer {
            parquet_ser_de {
              compression = data_format_conversion_configuration.value.compression
            }
          }
        }

        schema_configuration {
          database_name = data_format_conversion_configuration.value.database_name
          table_name    = data_format_conversion_configuration.value.table_name
          role_arn      = module.delivery.role_arn
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition = (
        alltrue([for column in local.partition_columns : can(regex("^[a-z][a-z0-9_]{0,31}$", column))])
        && length(distinct(local.partition_columns)) == length(local.partition_columns)
        && length(setintersection(local.partition_columns, concat(local.athena_columns[*].name, ["date", "hour"]))) == 0
      )
      error_message = "Columns of partition_by must be different, begin with a letter, have at most 32 lower-case letters, digits or '_', and not be columns that the table has (${join(", ", local.athena_columns[*].name)}, date, hour). For example { body = \".type\", column = \"order_type\" }. Received: ${join(", ", local.partition_columns)}."
    }

    precondition {
      condition     = !local.partitioned || local.longest_prefix <= 512
      error_message = "prefix and partition_by together must give at most 512 characters before the name of the object, ${local.longest_partition_value} for each value, for example with fewer keys. Received: ${local.longest_prefix}."
    }

    precondition {
      condition     = length(local.partition_query) <= 5120
      error_message = "The jq program that Firehose finds partitions with must have at most 5120 characters, for example with fewer values in partition_by. Received: ${length(local.partition_query)}."
    }
  }

  tags = var.tags

  depends_on = [terraform_data.stores]
}

module "delivery" {
  source = "../delivery"

  name                    = var.name
  stream_count            = var.stream_count
  location                = module.fork.location
  bucket                  = { arn = local.bucket.arn, given = var.bucket != null }
  bucket_kms_key          = var.bucket_kms_key
  object_prefixes         = local.writable_prefixes
  statements              = local.schema_statements
  transformation_function = local.transformation_function
  log_retention_days      = var.log_retention_days
  log_kms_key             = var.log_kms_key
  roles                   = var.roles
  alarms                  = var.alarms
  tags                    = var.tags

  stream = {
    destination          = "S3"
    customer_managed_key = var.kms_key != null
    partitioned          = local.partitioned
    converts             = local.parquet
  }
}

################################################################################
# Bucket
################################################################################

locals {
  bucket = var.bucket == null ? { arn = module.bucket[0].arn, name = module.bucket[0].name } : var.bucket

  # Replays from this archive write their progress over and over, every 5 seconds and for each worker; versioning would keep it all.
  replay_lifecycle_rules = [{
    id                                 = "expire-old-versions-of-replays"
    prefix                             = "event-fork-replays/"
    noncurrent_version_expiration_days = 7
  }]
}

module "bucket" {
  source = "../bucket"
  count  = var.bucket == null ? 1 : 0

  name                = var.name
  kms_key             = var.bucket_kms_key
  force_destroy       = var.bucket_force_destroy
  lifecycle_rules     = var.lifecycle_rules
  own_lifecycle_rules = concat(local.replay_lifecycle_rules, local.athena_lifecycle_rules)
  tags                = var.tags
}

################################################################################
# Moved
################################################################################

moved {
  from = aws_kinesis_firehose_delivery_stream.this
  to   = aws_kinesis_firehose_delivery_stream.this[0]
}
