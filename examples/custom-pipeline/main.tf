# A topic with the pipeline audit-log on it: one row in DynamoDB for every event.
# A pipeline of one's own: module/ is the pipeline, function/ its code.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

module "audit_log" {
  source = "./module"

  name      = "${var.name}-audit-log"
  topic_arn = aws_sns_topic.orders.arn

  lambda_package       = { filename = coalesce(var.function_zip, "${path.module}/audit_log.zip") }
  powertools_layer_arn = var.powertools_layer_arn
}
