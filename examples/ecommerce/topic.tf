################################################################################
# CheckoutEventsTopic: the one place where the application tells what happened
################################################################################

data "aws_caller_identity" "current" {}

# Partition and Region. Not by aws_region: its `name` and `id` are deprecated in version 6 of the provider, its `region` is not there in version 5.
data "aws_service" "sns" {
  service_id = "sns"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_service.sns.partition
  region     = data.aws_service.sns.region

  topic_name = "${var.name}-checkout-events"
  topic_arn  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${local.topic_name}"
}

resource "aws_sns_topic" "checkout_events" {
  name              = local.topic_name
  kms_master_key_id = aws_kms_key.orders.arn
  tracing_config    = "Active"
  tags              = var.tags
}

# An order carries its card on its way, so the topic and every queue behind it are encrypted with this key. Bucket, index
# and table never get the card.
resource "aws_kms_key" "orders" {
  description             = "Orders of ${var.name} in topic and queues"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetIamPoliciesDecide"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LetTheTopicDeliverToEncryptedQueues"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { ArnEquals = { "aws:SourceArn" = local.topic_arn } }
      },
    ]
  })

  tags = var.tags
}

resource "aws_kms_alias" "orders" {
  name          = "alias/${var.name}-orders"
  target_key_id = aws_kms_key.orders.key_id
}
