# A consumer that may be replayed to: it charges each order once, over the live event, SNS's second deliveries and any number of replays.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

# The consumer: subscription, queues and function by modules/fork, with the envelope, since SNS's id of the event is in it.
module "payments" {
  source = "../../modules/fork"

  name      = "${var.name}-payments"
  topic_arn = aws_sns_topic.orders.arn

  handler        = "payments.handler"
  lambda_package = { filename = coalesce(var.function_zip, "${path.module}/payments.zip") }
  environment_variables = {
    SEEN_TABLE    = aws_dynamodb_table.seen.name
    CHARGES_TABLE = aws_dynamodb_table.charges.name
  }
  policy_statements = [
    {
      sid       = "RememberEvents"
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
      resources = [aws_dynamodb_table.seen.arn]
    },
    {
      sid       = "CountCharges"
      actions   = ["dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.charges.arn]
    },
  ]

  # What is no order fails twice, and goes to the dead-letter queue.
  queue                = { max_receive_count = 2 }
  function             = { timeout_seconds = 10 }
  event_source_mapping = { batch_size = 10, maximum_batching_window_seconds = 0 }
  powertools_layer_arn = var.powertools_layer_arn
}

# The events that were handled, for as long as one of them may come again.
resource "aws_dynamodb_table" "seen" {
  name         = "${var.name}-payments-seen"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expiration"
    enabled        = true
  }

  server_side_encryption {
    enabled = true
  }

  point_in_time_recovery {
    enabled = true
  }
}

# What the consumer does: here it counts, so that a test can see it.
resource "aws_dynamodb_table" "charges" {
  name         = "${var.name}-payments-charges"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "order_id"

  attribute {
    name = "order_id"
    type = "S"
  }

  server_side_encryption {
    enabled = true
  }

  point_in_time_recovery {
    enabled = true
  }
}

module "backup" {
  source = "../../modules/storage-backup"

  name      = "${var.name}-backup"
  topic_arn = aws_sns_topic.orders.arn

  buffering            = { interval_seconds = var.buffering_interval_seconds }
  bucket_force_destroy = var.bucket_force_destroy
  powertools_layer_arn = var.powertools_layer_arn
}

# Replays go to the consumer's queue, as envelopes: the live messages are envelopes too.
module "replay" {
  source = "../../modules/replay"

  name      = "${var.name}-replay"
  topic_arn = aws_sns_topic.orders.arn

  destination_queue    = { arn = module.payments.queue_arn, url = module.payments.queue_url }
  raw_message_delivery = false

  archive = { bucket = { arn = module.backup.bucket_arn, name = module.backup.bucket_name } }
  targets = [{
    arn                   = module.payments.queue_arn
    url                   = module.payments.queue_url
    dead_letter_queue_arn = module.payments.dead_letter_queue_arn
  }]

  powertools_layer_arn = var.powertools_layer_arn
}
