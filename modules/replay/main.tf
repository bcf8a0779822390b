# topic -> fork (subscription, queue that waits, function) -> the regular pipeline's own queue
# archive -> archive-replay (state machine, workers) -> the same queue, or others that are allowed

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
  max_message_bytes = var.max_message_bytes
  undelivered_queue = var.undelivered_queue
  replace_stores    = var.replace_stores

  handler              = "event_fork.replay.handler"
  lambda_package       = var.lambda_package
  function             = var.function
  event_source_mapping = local.event_source_mapping
  powertools_layer_arn = var.powertools_layer_arn
  tracing              = var.tracing
  dashboard            = var.dashboard
  function_vpc         = var.function_vpc
  log_level            = var.log_level
  log_retention_days   = var.log_retention_days
  log_kms_key          = var.log_kms_key
  roles                = var.roles
  alarms               = var.alarms == null ? null : { actions = var.alarms.actions, silent = var.alarms.silent, oldest_message_age_seconds = 0 }
  tags                 = var.tags

  environment_variables = local.function_environment
  policy_statements     = local.function_statements
}

module "archive_replay" {
  source = "../archive-replay"
  count  = var.archive == null ? 0 : 1

  name     = var.name
  location = module.fork.location
  archive  = var.archive
  targets  = local.targets
  tracing  = var.tracing
  vpc      = var.function_vpc
  worker   = merge(var.archive_worker, { runtime = var.function.runtime, architecture = var.function.architecture })

  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn
  log_level            = var.log_level
  log_retention_days   = var.log_retention_days
  log_kms_key          = var.log_kms_key
  roles                = var.roles
  alarms               = var.alarms == null ? null : { actions = var.alarms.actions }
  tags                 = var.tags
}

# Which of the waiting events a replay wants: written by `event-fork replay queue enable`, read by the function. {} = all of them.
resource "aws_ssm_parameter" "window" {
  name        = local.window_parameter_name
  description = "Window of the running replay of the queue ${var.name}; {} while nobody holds one. Written by the event-fork command."
  type        = "String"
  value       = "{}"
  tags        = var.tags

  lifecycle {
    ignore_changes = [value] # the command's, not Terraform's

    precondition {
      condition     = length(setintersection([local.queue_arn, "${local.queue_arn}-dlq"], concat([var.destination_queue.arn], local.targets[*].arn))) == 0
      error_message = "destination_queue and targets must not be the replay's own queue or its dead-letter queue, or its events would come back forever, for example \"${local.queue_arn}-consumer\". Received: ${jsonencode(concat([var.destination_queue.arn], local.targets[*].arn))}."
    }

    precondition {
      condition     = try(split(":", var.archive.kms_key.arn)[3] == local.location.region, true)
      error_message = "archive.kms_key.arn must be a key of the archive's Region (${local.location.region}), for example \"arn:${local.location.partition}:kms:${local.location.region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(try(var.archive.kms_key, null))}."
    }
  }
}

locals {
  window_parameter_name = "/event-fork-pipelines/${var.name}/replay-window"
  # From known parts, so that the policies are known when they are planned.
  location             = module.fork.location
  window_parameter_arn = "arn:${local.location.partition}:ssm:${local.location.region}:${local.location.account_id}:parameter${local.window_parameter_name}"
  queue_arn            = "arn:${local.location.partition}:sqs:${local.location.region}:${local.location.account_id}:${var.name}"

  targets = var.targets == null ? [merge(var.destination_queue, { dead_letter_queue_arn = null, idempotent = false, shadow = false })] : var.targets

  queue                = merge(var.queue, { message_retention_seconds = var.retention_seconds })
  event_source_mapping = merge(var.event_source_mapping, { enabled = var.enabled })

  function_environment = merge(var.environment_variables, {
    DESTINATION_QUEUE_URL    = var.destination_queue.url
    DESTINATION_QUEUE_REGION = split(":", var.destination_queue.arn)[3]
    REPLAY_ID                = coalesce(var.replay_id, var.name)

    REPLAY_WINDOW_PARAMETER = local.window_parameter_name
    QUEUE_URL               = module.fork.queue_url
    QUEUE_RETENTION_SECONDS = tostring(var.retention_seconds)
  })

  function_statements = concat(
    [
      {
        sid       = "SendToDestination"
        actions   = ["sqs:SendMessage"]
        resources = [var.destination_queue.arn]
      },
      {
        sid       = "ReadWindow"
        actions   = ["ssm:GetParameter"]
        resources = [local.window_parameter_arn]
      },
      {
        sid       = "KeepWhatIsOutsideTheWindow"
        actions   = ["sqs:ChangeMessageVisibility"]
        resources = [local.queue_arn]
      },
    ],
    var.destination_queue.kms_key_arn == null ? [] : [{
      sid       = "UseDestinationKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.destination_queue.kms_key_arn]
      conditions = [{
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.location.dns_suffixes : "sqs.${split(":", var.destination_queue.kms_key_arn)[3]}.${suffix}"]
      }]
    }],
  )
}
