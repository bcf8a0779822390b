################################################################################
# The forks: three pipelines on CheckoutEventsTopic that neither publisher nor checkout know of
################################################################################

locals {
  # What must not outlive the payment: gone before anything is stored. The order's other fields stay.
  card_data = [for name in ["cardNumber", "cardHolder", "expiry", "cvc"] : {
    path   = "$.payment.${name}"
    action = "remove"
  }]
}

# Every order, in S3, for good.
module "backup" {
  source = "../../modules/storage-backup"

  name      = "${var.name}-backup"
  topic_arn = aws_sns_topic.checkout_events.arn
  kms_key   = { arn = aws_kms_key.orders.arn }

  redact               = local.card_data
  powertools_layer_arn = var.powertools_layer_arn
  tracing              = true # as the API and the topic are
  event_source_mapping = { maximum_batching_window_seconds = 5 }

  buffering            = { interval_seconds = 60 }
  compression          = "GZIP"
  bucket_force_destroy = var.force_destroy # no bucket_kms_key: objects are encrypted with the AWS managed key aws/s3
  athena               = {}

  tags = var.tags
}

resource "aws_athena_named_query" "orders_by_payment_method" {
  name        = "${var.name}-orders-by-payment-method"
  description = "Orders, revenue and average amount per payment method, over the last 30 days"
  workgroup   = module.backup.athena_workgroup_name
  database    = module.backup.glue_database_name

  # Delivery is at least once: DISTINCT takes an event that came twice as one.
  query = <<-SQL
    WITH orders AS (
      SELECT DISTINCT messageid,
             json_extract_scalar(message, '$.payment.method') AS payment_method,
             CAST(json_extract_scalar(message, '$.amount') AS decimal(12, 2)) AS amount
      FROM "${module.backup.glue_table_name}"
      WHERE "date" >= date_format(current_date - interval '30' day, '%Y-%m-%d')
    )
    SELECT payment_method, count(*) AS orders, sum(amount) AS revenue, round(avg(amount), 2) AS average
    FROM orders
    GROUP BY payment_method
    ORDER BY revenue DESC
  SQL
}

# Orders of 100 dollars and more, searchable. What the index cannot take goes to a bucket of its own.
module "search" {
  source = "../../modules/search-analytics"

  name          = "${var.name}-search"
  topic_arn     = aws_sns_topic.checkout_events.arn
  filter_policy = jsonencode({ event_type = ["order.placed"], amount = [{ numeric = [">=", 100] }] })
  kms_key       = { arn = aws_kms_key.orders.arn }

  redact               = local.card_data
  powertools_layer_arn = var.powertools_layer_arn
  tracing              = true # as the API and the topic are
  event_source_mapping = { maximum_batching_window_seconds = 5 }

  domain                 = var.search_domain
  index_name             = "${var.name}-orders"
  retry_duration_seconds = 30
  buffering              = { interval_seconds = var.search_buffering_seconds }
  bucket_force_destroy   = var.force_destroy

  tags = var.tags
}

# Every order of the last 14 days, ready to go through checkout again; older ones from the backup, by `event-fork replay`.
module "replay" {
  source = "../../modules/replay"

  name                 = "${var.name}-replay"
  topic_arn            = aws_sns_topic.checkout_events.arn
  filter_policy        = jsonencode({ event_type = ["order.placed"] })
  raw_message_delivery = true # as CheckoutQueue gets them
  kms_key              = { arn = aws_kms_key.orders.arn }
  powertools_layer_arn = var.powertools_layer_arn
  tracing              = true # as the API and the topic are

  enabled = var.replay_enabled
  destination_queue = {
    arn = module.checkout.queue_arn
    url = module.checkout.queue_url
  }

  archive = { bucket = { arn = module.backup.bucket_arn, name = module.backup.bucket_name } }
  targets = [{
    arn                   = module.checkout.queue_arn
    url                   = module.checkout.queue_url
    kms_key_arn           = aws_kms_key.orders.arn
    dead_letter_queue_arn = module.checkout.dead_letter_queue_arn
  }]

  tags = var.tags
}
