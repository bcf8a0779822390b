# topic -> fork (subscription, queue that waits, function) -> the regular pipeline's own queue

module "fork" {
  source = "../fork"

  name        = var.name
  description = "Event fork: replays the events of an SNS topic to the queue ${element(split(":", var.destination_queue.arn), -1)}"

  topic_arn            = var.topic_arn
  create_subscription  = var.create_subscription
  filter_policy        = var.filter_policy
  filter_policy_scope  = var.filter_policy_scope
  raw_message_delivery = var.raw_message_delivery

  kms_key           = var.kms_key
  queue             = local.queue
  dead_letter_queue = var.dead_letter_queue

  handler              = "event_fork.replay.handler"
  lambda_package       = var.lambda_package
  function             = var.function
  event_source_mapping = local.event_source_mapping
  powertools_layer_arn = var.powertools_layer_arn
  log_level            = var.log_level
  log_retention_days   = var.log_retention_days
  alarms               = var.alarms == null ? null : { actions = var.alarms.actions, oldest_message_age_seconds = 0 }
  tags                 = var.tags

  environment_variables = local.function_environment
  policy_statements     = local.function_statements
}

locals {
  queue                = merge(var.queue, { message_retention_seconds = var.retention_seconds })
  event_source_mapping = merge(var.event_source_mapping, { enabled = var.enabled })

  function_environment = merge(var.environment_variables, {
    DESTINATION_QUEUE_URL = var.destination_queue.url
    REPLAY_ID             = coalesce(var.replay_id, var.name)
  })

  function_statements = concat(
    [{
      sid       = "SendToDestination"
      actions   = ["sqs:SendMessage"]
      resources = [var.destination_queue.arn]
    }],
    var.destination_queue.kms_key_arn == null ? [] : [{
      sid       = "UseDestinationKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.destination_queue.kms_key_arn]
    }],
  )
}
