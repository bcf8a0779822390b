# Two archives of one topic. In the first, every type of event has a prefix of its own: JSON lines, for replay, for rules by type, and for
# reading one type without the others. The second is for SQL over everything: Parquet, by sales channel.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

module "by_type" {
  source = "../../modules/storage-backup"

  name      = "${var.name}-by-type"
  topic_arn = aws_sns_topic.orders.arn

  partition_by = { keys = [{ attribute = "event_type" }] }
  buffering    = { interval_seconds = var.buffering_interval_seconds }
  athena       = {}

  # A prefix for each type makes rules by type possible.
  lifecycle_rules = [{
    id              = "page-views-for-30-days"
    prefix          = "event_type=page_viewed/"
    expiration_days = 30
  }]

  bucket_force_destroy = var.force_destroy
  powertools_layer_arn = var.powertools_layer_arn
}

module "columns" {
  source = "../../modules/storage-backup"

  name      = "${var.name}-columns"
  topic_arn = aws_sns_topic.orders.arn

  format = "parquet"
  partition_by = {
    keys = [{ body = ".order.channel", column = "channel", values = ["store", "web"], default = "other" }]
  }
  buffering = { interval_seconds = var.buffering_interval_seconds }
  athena    = {}

  bucket_force_destroy = var.force_destroy
  powertools_layer_arn = var.powertools_layer_arn
}
