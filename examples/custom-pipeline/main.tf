# A pipeline of one's own on modules/fork: an audit log, one row in DynamoDB for every event of a topic.
# Yours are the function (audit/) and what it may do; subscription, queue, dead-letter queue, role, logs and mapping are the module's.

resource "aws_sns_topic" "orders" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
}

module "audit" {
  source = "../../modules/fork"

  name        = "${var.name}-audit"
  description = "Event fork: writes the audit log"
  topic_arn   = aws_sns_topic.orders.arn

  lambda_package       = { filename = coalesce(var.function_zip, "${path.module}/audit.zip") }
  handler              = "audit.handler.handler"
  powertools_layer_arn = var.powertools_layer_arn

  environment_variables = { TABLE_NAME = aws_dynamodb_table.audit.name }
  policy_statements = [{
    sid       = "WriteAuditLog"
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.audit.arn]
  }]
}

resource "aws_dynamodb_table" "audit" {
  name         = "${var.name}-audit"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "event_id"

  attribute {
    name = "event_id"
    type = "S"
  }

  server_side_encryption {
    enabled = true
  }

  point_in_time_recovery {
    enabled = true
  }
}
