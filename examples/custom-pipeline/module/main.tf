# The audit log: one row in DynamoDB for every event of a topic.
# What is its own is the table, the function and what that may do; subscription, queues, role, logs and mapping are modules/fork's.

module "fork" {
  source = "../../../modules/fork"

  name                 = var.name
  topic_arn            = var.topic_arn
  filter_policy        = var.filter_policy
  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn
  tags                 = var.tags

  description           = "Event fork: writes the audit log"
  handler               = "audit_log.handler"
  environment_variables = { TABLE_NAME = aws_dynamodb_table.this.name }
  policy_statements = [{
    sid       = "WriteRows"
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.this.arn]
  }]
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

  lifecycle {
    precondition {
      condition     = length(var.name) >= 3
      error_message = "name must have 3-40 characters, as a table of DynamoDB has, for example \"orders-audit-log\". Received: \"${var.name}\"."
    }
  }
}
