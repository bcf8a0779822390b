# Live search over the orders of 100 and more: every event of a topic that passes the filter becomes a document in OpenSearch.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

module "search" {
  source = "../../modules/search-analytics"

  name      = "${var.name}-search"
  topic_arn = aws_sns_topic.orders.arn

  filter_policy = jsonencode({ amount = [{ numeric = [">=", 100] }] })

  index_name             = var.name
  index_rotation_period  = "OneMonth"
  retry_duration_seconds = 30
  buffering              = { interval_seconds = var.buffering_interval_seconds, size_mib = 5 }

  index_management = { retention_days = 400 } # index template, one alias for all months, and no month older than this

  domain = var.domain # null = the module makes one, which takes about 20 minutes and costs money by the hour

  bucket_force_destroy = var.force_destroy
  powertools_layer_arn = var.powertools_layer_arn
}
