################################################################################
# Subscription
################################################################################

locals {
  topic_region = split(":", var.topic_arn)[3]
  topic_name   = split(":", var.topic_arn)[5]

  # SNS's default scope is not said: the provider refuses a scope beside a policy that is not known yet, such as one with the id of a VPC
  # of the same plan. https://github.com/hashicorp/terraform-provider-aws/issues/32072
  # MessageBody has to be said, so nothing helps there. The provider's refusal shows the first line of the resource: it says what to do.
  # The scope is asked first, and alone: whether an unknown policy is null is unknown too.
  filter_policy_scope = var.filter_policy_scope == "MessageAttributes" ? null : var.filter_policy == null ? null : var.filter_policy_scope
}

# The filter policy and the scope travel inside SNS's Subscribe call. A subscription that got its filter in a second call
# would let unfiltered messages through between the two (hashicorp/terraform-provider-aws#10495).
resource "aws_sns_topic_subscription" "this" { # "filter_policy is required": with MessageBody it must be known in the plan, see docs/troubleshooting.md
  count = var.create_subscription ? 1 : 0

  topic_arn             = var.topic_arn
  protocol              = local.direct ? "firehose" : "sqs"
  endpoint              = local.direct ? var.stream_arn : aws_sqs_queue.this[0].arn
  subscription_role_arn = one(aws_iam_role.subscription[*].arn)
  filter_policy         = var.filter_policy
  filter_policy_scope   = local.filter_policy_scope
  raw_message_delivery  = var.raw_message_delivery

  # What SNS cannot hand to the queue (queue deleted, policy or key refuses) goes to the same place as what the function cannot handle.
  redrive_policy = jsonencode({ deadLetterTargetArn = var.undelivered_queue == null ? aws_sqs_queue.dead_letter.arn : var.undelivered_queue.arn })

  lifecycle {
    precondition {
      condition     = local.topic_region == local.region
      error_message = <<-EOT
        SNS takes a subscription only in the Region of its topic: the topic is in "${local.topic_region}", the provider of this module in "${local.region}".
        Either deploy the fork in the topic's Region, or set create_subscription = false and make the subscription with a provider of the topic's Region, for example:
          resource "aws_sns_topic_subscription" "orders" {
            provider  = aws.topic_region
            topic_arn = "${var.topic_arn}"
            protocol  = "sqs"
            endpoint  = module.orders_fork.queue_arn
          }
      EOT
    }
  }

  depends_on = [aws_iam_role_policy.subscription]
}

# What SNS writes to a stream with. AWS's page also names ListDeliveryStreams, which no policy can give for one stream.
# https://docs.aws.amazon.com/sns/latest/dg/firehose-example-create-delivery-stream-subscription-to-topic.html
resource "aws_iam_role" "subscription" {
  count = local.direct ? 1 : 0

  name                 = "${var.name}-sns-${local.region}"
  path                 = var.roles.path
  permissions_boundary = var.roles.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "subscription" {
  count = local.direct ? 1 : 0

  name = "subscription"
  role = aws_iam_role.subscription[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteToStream"
      Effect   = "Allow"
      Action   = ["firehose:DescribeDeliveryStream", "firehose:ListTagsForDeliveryStream", "firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = var.stream_arn
    }]
  })
}
