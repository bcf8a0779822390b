################################################################################
# Queue and dead-letter queue
################################################################################

locals {
  queue_name             = var.name
  dead_letter_queue_name = "${var.name}-dlq"

  # Made from known parts, so that each policy is an argument of its queue. The provider waits 25 seconds for every queue and
  # again for every separate aws_sqs_queue_policy or aws_sqs_queue_redrive_allow_policy, and the two queues could not name each other.
  queue_arn             = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.queue_name}"
  dead_letter_queue_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_queue_name}"

  # AWS asks for six times the function's timeout plus the window: a batch may be throttled and tried again before its messages show up
  # a second time. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  recommended_visibility_timeout_seconds = 6 * var.function.timeout_seconds + var.event_source_mapping.maximum_batching_window_seconds
  visibility_timeout_seconds             = coalesce(var.queue.visibility_timeout_seconds, local.recommended_visibility_timeout_seconds)

  # From an opt-in Region to one that needs no opting in, SNS delivers under a name of its own. The list is closed: Regions since 2019 are
  # opt-in. https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html
  default_regions = [
    "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1",
    "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
  ]
  topic_is_abroad = local.topic_region != local.region && local.partition == "aws"
  sns_principal   = local.topic_is_abroad && !contains(local.default_regions, local.topic_region) ? "sns.${local.topic_region}.amazonaws.com" : "sns.amazonaws.com"

  queue_policies = {
    for role, arn in { queue = local.queue_arn, dead_letter = local.dead_letter_queue_arn } : role => jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "OnlyThisTopicMaySend"
          Effect    = "Allow"
          Principal = { Service = local.sns_principal }
          Action    = "sqs:SendMessage"
          Resource  = arn
          Condition = { ArnEquals = { "aws:SourceArn" = var.topic_arn } }
        },
        {
          Sid       = "DenyWithoutTls"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    })
  }
}

resource "aws_sqs_queue" "this" {
  count = local.direct ? 0 : 1

  name                       = local.queue_name
  message_retention_seconds  = var.queue.message_retention_seconds
  visibility_timeout_seconds = local.visibility_timeout_seconds
  max_message_size           = var.max_message_bytes
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  kms_master_key_id          = try(var.kms_key.arn, null)
  policy                     = local.queue_policies.queue

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.queue.max_receive_count
  })

  tags = var.tags
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = local.dead_letter_queue_name
  message_retention_seconds = var.dead_letter_queue.message_retention_seconds
  max_message_size          = var.max_message_bytes
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  kms_master_key_id         = try(var.kms_key.arn, null)
  policy                    = local.queue_policies.dead_letter

  redrive_allow_policy = !var.dead_letter_queue.only_from_queue ? null : jsonencode(merge(
    { redrivePermission = local.direct ? "denyAll" : "byQueue" },
    local.direct ? {} : { sourceQueueArns = [local.queue_arn] },
  ))

  tags = var.tags
}
