# topic -> fork (subscription, queue, function) -> delivery stream -> domain (domain.tf), and a bucket for what it rejects

################################################################################
# Fork
################################################################################

module "fork" {
  source = "../fork"

  name        = var.name
  description = "Event fork: indexes the events of an SNS topic as ${var.index_name}"

  topic_arn           = var.topic_arn
  create_subscription = var.create_subscription
  filter_policy       = var.filter_policy
  filter_policy_scope = var.filter_policy_scope
  # The envelope holds the id, the time and the attributes of a message. Raw delivery would lose them, and messages with more than ten attributes.
  raw_message_delivery = false

  kms_key           = var.kms_key
  queue             = var.queue
  dead_letter_queue = var.dead_letter_queue
  max_message_bytes = var.max_message_bytes
  undelivered_queue = var.undelivered_queue
  replace_stores    = var.replace_stores

  handler              = "event_fork.search_analytics.handler"
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
    destination = "AmazonOpenSearchService"
  }
  environment_variables = local.function_environment
  policy_statements     = local.function_statements
}

locals {
  function_environment = merge(var.environment_variables, module.delivery.function_environment, {
    DELIVERY_STREAM_NAME = aws_kinesis_firehose_delivery_stream.this[0].name
    EVENT_TYPE_ATTRIBUTE = var.event_type_attribute
    ATTRIBUTE_FIELDS     = tostring(local.keeps_index)
    REDACT               = jsonencode([for rule in var.redact : { for key, value in rule : key => value if value != null && value != false }])
  })

  function_statements = [{
    sid       = "WriteToStream"
    actions   = ["firehose:PutRecordBatch"]
    resources = aws_kinesis_firehose_delivery_stream.this[*].arn
  }]
}

################################################################################
# Delivery stream
################################################################################

resource "aws_kinesis_firehose_delivery_stream" "this" {
  count = var.stream_count

  name        = module.delivery.stream_names[count.index]
  destination = "opensearch"

  server_side_encryption {
    enabled  = true
    key_type = var.kms_key == null ? "AWS_OWNED_CMK" : "CUSTOMER_MANAGED_CMK"
    key_arn  = try(var.kms_key.arn, null)
  }

  opensearch_configuration {
    role_arn              = module.delivery.role_arn
    domain_arn            = local.domain.arn
    index_name            = var.index_name
    index_rotation_period = var.index_rotation_period
    retry_duration        = var.retry_duration_seconds
    buffering_interval    = var.buffering.interval_seconds
    buffering_size        = var.buffering.size_mib
    s3_backup_mode        = var.s3_backup_mode

    document_id_options {
      default_document_id_format = var.document_id
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = module.delivery.log_group_name
      log_stream_name = module.delivery.log_stream_name
    }

    # The prefixes are always written out: which folder a rejected document goes to by default is not said the same way everywhere.
    s3_configuration {
      role_arn            = module.delivery.role_arn
      bucket_arn          = local.bucket.arn
      prefix              = "${var.prefix}date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      error_output_prefix = "errors/${var.prefix}!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
      compression_format  = var.compression
      buffering_interval  = max(60, var.buffering.interval_seconds) # a backup bucket cannot go below 60 seconds
      buffering_size      = var.buffering.size_mib
      kms_key_arn         = try(var.bucket_kms_key.arn, null)

      cloudwatch_logging_options {
        enabled         = true
        log_group_name  = module.delivery.log_group_name
        log_stream_name = module.delivery.log_stream_name
      }
    }

    dynamic "vpc_config" {
      for_each = var.vpc == null ? [] : [var.vpc]

      content {
        role_arn           = module.delivery.role_arn
        subnet_ids         = vpc_config.value.subnet_ids
        security_group_ids = vpc_config.value.security_group_ids
      }
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

  # No validation of the input: it would hide what terraform_data.stores says of a change.
  lifecycle {
    precondition {
      condition     = length(local.elsewhere) == 0
      error_message = "These must be ARNs of the stream's Region and partition (${local.location.region}, ${local.location.partition}), for example domain.arn = \"arn:${local.location.partition}:es:${local.location.region}:123456789012:domain/orders\". Received: ${jsonencode(local.elsewhere)}."
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
  object_prefixes         = concat(["errors/${var.prefix}"], var.s3_backup_mode == "AllDocuments" ? ["${var.prefix}date="] : [])
  transformation_function = var.transformation_function
  statements              = concat(local.index_statements, local.vpc_statements)
  log_retention_days      = var.log_retention_days
  log_kms_key             = var.log_kms_key
  roles                   = var.roles
  alarms                  = var.alarms
  tags                    = var.tags

  stream = {
    destination          = "AmazonOpenSearchService"
    customer_managed_key = var.kms_key != null
  }
}

locals {
  elsewhere = {
    for input, arn in {
      "domain.arn"                              = try(var.domain.arn, null)
      "new_domain.kms_key.arn"                  = try(var.new_domain.kms_key.arn, null)
      "new_domain.master_user_arn"              = var.new_domain.master_user_arn
      "index_management.credentials_secret.arn" = try(var.index_management.credentials_secret.arn, null)
    } : input => arn if try(split(":", arn)[1] != local.location.partition || !contains(["", local.location.region], split(":", arn)[3]), false)
  }

  # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-es
  index_statements = [
    {
      sid       = "FindDomain"
      actions   = ["es:DescribeDomain", "es:DescribeDomains", "es:DescribeDomainConfig"]
      resources = [local.domain.arn]
    },
    {
      sid       = "WriteDocuments"
      actions   = ["es:ESHttpPost", "es:ESHttpPut"]
      resources = [local.domain.arn, "${local.domain.arn}/*"]
    },
    {
      sid     = "ReadIndexState"
      actions = ["es:ESHttpGet"]
      resources = [for path in [
        "_all/_settings", "_cluster/stats", "_nodes", "_nodes/stats", "_nodes/*/stats", "_stats", "${var.index_name}*/_mapping*", "${var.index_name}*/_stats",
      ] : "${local.domain.arn}/${path}"]
    },
  ]

  # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-es-vpc; EC2 has no narrower resource for most of these.
  vpc_statements = var.vpc == null ? [] : [{
    sid = "UseNetworkInterfaces"
    actions = [
      "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcs",
    ]
    resources = ["*"]
  }]
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
  lifecycle_rules = var.lifecycle_rules
  tags            = var.tags
}

################################################################################
# Moved
################################################################################

moved {
  from = aws_kinesis_firehose_delivery_stream.this
  to   = aws_kinesis_firehose_delivery_stream.this[0]
}
