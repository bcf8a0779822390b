# The audit log: one row in DynamoDB for every event of a topic.
# What is its own is the table, the function and what that may do; subscription, queues, role, logs and mapping are modules/fork's.

module "fork" {
  source = "../../../modules/fork"

  name        = var.name
  description = "Event fork: writes the audit log"
  topic_arn   = var.topic_arn

  filter_policy        = var.filter_policy
  lambda_package       = var.lambda_package
  handler              = "audit_log.handler"
  powertools_layer_arn = var.powertools_layer_arn

  environment_variables = { TABLE_NAME = aws_dynamodb_table.this.name }
  policy_statements = [{
    sid       = "WriteRows"
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.this.arn]
  }]

  tags = var.tags
}

resource "aws_dynamodb_table" "this" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "event_id"
  tags         = var.tags

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
