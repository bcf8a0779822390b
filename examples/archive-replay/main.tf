# A checkout queue that can be fed again from the archive: any window of time, any part of the events, as often as needed.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

# The application's own pipeline, as it was before.
resource "aws_sqs_queue" "checkout" {
  name                    = "${var.name}-checkout"
  sqs_managed_sse_enabled = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.checkout_dead_letter.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "checkout_dead_letter" {
  name                    = "${var.name}-checkout-dlq"
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

# What the modules add: everything that is published is kept in a bucket, ...
module "backup" {
  source = "../../modules/storage-backup"

  name      = "${var.name}-backup"
  topic_arn = aws_sns_topic.orders.arn

  bucket_force_destroy = var.bucket_force_destroy
  powertools_layer_arn = var.powertools_layer_arn
}

# ... and the command event-fork sends what it is asked for from there to the checkout queue.
module "replay" {
  source = "../../modules/replay"

  name      = "${var.name}-replay"
  topic_arn = aws_sns_topic.orders.arn

  destination_queue    = { arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url }
  raw_message_delivery = aws_sns_topic_subscription.checkout.raw_message_delivery

  archive = { bucket = { arn = module.backup.bucket_arn, name = module.backup.bucket_name } }
  targets = [{
    arn                   = aws_sqs_queue.checkout.arn
    url                   = aws_sqs_queue.checkout.url
    dead_letter_queue_arn = aws_sqs_queue.checkout_dead_letter.arn
  }]

  powertools_layer_arn = var.powertools_layer_arn
}
