################################################################################
# CheckoutQueue -> CheckoutFunction -> CheckoutTable: the application's regular pipeline
#
# Built of modules/fork like any pipeline of one's own: its own code and handler, nothing else is special. A queue and
# a function made by other means do as well; the forks in forks.tf need the queue's ARN and URL, no more.
################################################################################

locals {
  functions_zip = "${path.module}/dist/checkout.zip" # built from functions/checkout by `make build`
}

module "checkout" {
  source = "../../modules/fork"

  name                 = "${var.name}-checkout"
  description          = "CheckoutFunction: keeps placed orders in CheckoutTable"
  topic_arn            = aws_sns_topic.checkout_events.arn
  filter_policy        = jsonencode({ event_type = ["order.placed"] })
  raw_message_delivery = true
  kms_key              = { arn = aws_kms_key.orders.arn }

  lambda_package       = { filename = local.functions_zip }
  handler              = "checkout.checkout.handler"
  powertools_layer_arn = var.powertools_layer_arn
  tracing              = true # as the API and the topic are
  function             = { timeout_seconds = 30 }

  environment_variables = {
    TABLE_NAME  = aws_dynamodb_table.checkout.name
    BUG_ENABLED = tostring(var.bug_enabled)
  }
  policy_statements = [{
    sid       = "KeepOrders"
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.checkout.arn]
  }]

  tags = var.tags
}

resource "aws_dynamodb_table" "checkout" {
  name         = "${var.name}-checkout"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id" # the order's id: the same order again writes the same row

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  tags = var.tags
}
