# topic -> fork (subscription, queue, function) -> delivery stream -> bucket (-> Athena, in athena.tf)

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

  kms_key           = var.kms_key
  queue             = var.queue
  dead_letter_queue = var.dead_letter_queue

  handler              = "event_fork.storage_backup.handler"
  lambda_package       = var.lambda_package
  function             = var.function
  event_source_mapping = var.event_source_mapping
  powertools_layer_arn = var.powertools_layer_arn
  log_level            = var.log_level
  log_retention_days   = var.log_retention_days
  alarms               = var.alarms
  tags                 = var.tags

  environment_variables = local.function_environment
  policy_statements     = local.function_statements
}

locals {
  # A user's transformation function sees what Firehose sees: one event in each record.
  pack_records = var.pack_records == null ? var.transformation_function == null : var.pack_records

  function_environment = merge(var.environment_variables, {
    DELIVERY_STREAM_NAME = aws_kinesis_firehose_delivery_stream.this.name
    RECORD_FORMAT        = var.record_format
    PACK_RECORDS         = tostring(local.pack_records)
    REDACT               = jsonencode([for rule in var.redact : { for key, value in rule : key => value if value != null }])
  })

  function_statements = [{
    sid       = "WriteToStream"
    actions   = ["firehose:PutRecordBatch"]
    resources = [aws_kinesis_firehose_delivery_stream.this.arn]
  }]
}

################################################################################
# Delivery stream
################################################################################

locals {
  # Always written out: a prefix without a time expression gets one from Firehose, and an error prefix without one gets none.
  object_prefix = "${var.prefix}date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
  error_prefix  = "errors/${var.prefix}!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = var.name
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
    compression_format  = var.compression
    buffering_interval  = var.buffering.interval_seconds
    buffering_size      = var.buffering.size_mib
    kms_key_arn         = try(var.bucket_kms_key.arn, null)

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = module.delivery.log_group_name
      log_stream_name = module.delivery.log_stream_name
    }

    dynamic "processing_configuration" {
      for_each = var.transformation_function == null ? [] : [module.delivery.transformation_parameters]

      content {
        enabled = true

        processors {
          type = "Lambda"

          dynamic "parameters" {
            for_each = processing_configuration.value

            content {
              parameter_name  = parameters.value.name
              parameter_value = parameters.value.value
            }
          }
        }
      }
    }
  }

  tags = var.tags
}

module "delivery" {
  source = "../delivery"

  name                    = var.name
  bucket                  = { arn = local.bucket.arn, given = var.bucket != null }
  bucket_kms_key          = var.bucket_kms_key
  object_prefixes         = ["${var.prefix}date=", "errors/${var.prefix}"]
  transformation_function = var.transformation_function
  log_retention_days      = var.log_retention_days
  tags                    = var.tags
}

################################################################################
# Bucket
################################################################################

locals {
  bucket = var.bucket == null ? { arn = module.bucket[0].arn, name = module.bucket[0].name } : var.bucket
}

module "bucket" {
  source = "../bucket"
  count  = var.bucket == null ? 1 : 0

  name            = var.name
  kms_key         = var.bucket_kms_key
  force_destroy   = var.bucket_force_destroy
  lifecycle_rules = concat(var.lifecycle_rules, local.athena_lifecycle_rules)
  tags            = var.tags
}
