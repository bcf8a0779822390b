# An archive of every event of a topic: GZIP files of JSON lines in S3, by date and hour, ready for SQL with Athena.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

module "archive" {
  source = "../../modules/storage-backup"

  name      = "${var.name}-archive"
  topic_arn = aws_sns_topic.orders.arn

  redact = [
    { path = "$.payment.card" },
    { attribute = "card-*" },
    { detect = "card_number", keep_last = 4 }, # wherever else one stands
  ]

  prefix    = "${var.name}/"
  buffering = { interval_seconds = var.buffering_interval_seconds, size_mib = 5 }
  athena    = {}

  lifecycle_rules = [{
    id          = "colder-after-90-days"
    prefix      = "${var.name}/"
    transitions = [{ days = 90, storage_class = "GLACIER_IR" }]
  }]

  bucket_force_destroy = var.force_destroy
  powertools_layer_arn = var.powertools_layer_arn
}
