# A checkout queue that can be fed again: the events of the last 14 days wait in a second queue until they are needed.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

# The application's own pipeline, as it was before.
resource "aws_sqs_queue" "checkout" {
  name                    = "${var.name}-checkout"
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "checkout" {
  queue_url = aws_sqs_queue.checkout.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.checkout.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.orders.arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "checkout" {
  topic_arn            = aws_sns_topic.orders.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.checkout.arn
  raw_message_delivery = true

  depends_on = [aws_sqs_queue_policy.checkout]
}

# What the module adds.
module "replay" {
  source = "../../modules/replay"

  name      = "${var.name}-replay"
  topic_arn = aws_sns_topic.orders.arn

  destination_queue    = { arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url }
  raw_message_delivery = aws_sns_topic_subscription.checkout.raw_message_delivery
  enabled              = var.enabled
  powertools_layer_arn = var.powertools_layer_arn
}
