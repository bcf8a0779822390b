################################################################################
# Function
################################################################################

locals {
  function_environment = merge(var.environment_variables, {
    DEAD_LETTER_QUEUE_URL       = aws_sqs_queue.dead_letter.url
    DEAD_LETTER_QUEUE_MAX_BYTES = tostring(coalesce(var.max_message_bytes, 262144))
  })

  function_statements = concat(
    [
      {
        sid       = "ReadQueue"
        actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        resources = [local.queue_arn]
      },
      {
        sid       = "SetAsideWhatCannotBeHandled"
        actions   = ["sqs:SendMessage"]
        resources = [local.dead_letter_queue_arn]
      },
    ],
    var.kms_key == null ? [] : [{
      sid       = "UseQueueKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"] # receive from the queue, send to the dead-letter queue
      resources = [var.kms_key.arn]
      conditions = [{
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.location.dns_suffixes : "sqs.${local.region}.${suffix}"]
      }]
    }],
  )
}

module "function" {
  source = "../function"
  count  = local.direct ? 0 : 1

  name        = var.name
  description = var.description
  handler     = var.handler
  location    = local.location

  function             = var.function
  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn
  layers               = var.layers

  environment_variables = local.function_environment
  policy_name           = "fork"
  policy_statements     = concat(local.function_statements, var.policy_statements)

  tracing            = var.tracing
  vpc                = var.function_vpc
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  log_kms_key        = var.log_kms_key
  roles              = var.roles
  tags               = var.tags
}

################################################################################
# Event source mapping
################################################################################

resource "aws_lambda_event_source_mapping" "this" {
  count = local.direct ? 0 : 1

  event_source_arn                   = aws_sqs_queue.this[0].arn
  function_name                      = module.function[0].arn
  enabled                            = var.event_source_mapping.enabled
  batch_size                         = var.event_source_mapping.batch_size
  maximum_batching_window_in_seconds = var.event_source_mapping.maximum_batching_window_seconds
  function_response_types            = ["ReportBatchItemFailures"] # only the messages named in the answer come back

  tags = var.tags

  dynamic "scaling_config" {
    for_each = var.event_source_mapping.maximum_concurrency == null ? [] : [var.event_source_mapping.maximum_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  dynamic "provisioned_poller_config" {
    for_each = var.event_source_mapping.provisioned_pollers == null ? [] : [var.event_source_mapping.provisioned_pollers]

    content {
      minimum_pollers = provisioned_poller_config.value.minimum
      maximum_pollers = provisioned_poller_config.value.maximum
    }
  }

  # The role's policy must outlive the mapping: a mapping whose role cannot read the queue stays in Disabling.
  depends_on = [module.function]
}

################################################################################
# Moved
################################################################################

moved {
  from = module.function
  to   = module.function[0]
}

moved {
  from = aws_lambda_function.this
  to   = module.function[0].aws_lambda_function.this
}

moved {
  from = aws_cloudwatch_log_group.function
  to   = module.function[0].aws_cloudwatch_log_group.this
}

moved {
  from = aws_iam_role.function
  to   = module.function[0].aws_iam_role.this
}

moved {
  from = aws_iam_role_policy.function
  to   = module.function[0].aws_iam_role_policy.this
}
