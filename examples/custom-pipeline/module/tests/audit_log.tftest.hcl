# What the audit log promises, on a mocked provider: nothing is created.

mock_provider "aws" {
  source = "../../../tests/terraform/mocks"

  override_resource {
    target = aws_dynamodb_table.this
    values = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-audit-log" }
  }
}

variables {
  name           = "orders-audit-log"
  topic_arn      = "arn:aws:sns:eu-west-1:123456789012:orders"
  lambda_package = { s3_bucket = "builds", s3_key = "functions.zip" }
}

run "a_name_that_a_table_cannot_have_is_refused" {
  command = plan

  variables {
    name = "a"
  }

  expect_failures = [aws_dynamodb_table.this]
}

run "rows_are_encrypted_and_can_be_restored" {
  assert {
    condition = (
      aws_dynamodb_table.this.name == "orders-audit-log"
      && aws_dynamodb_table.this.hash_key == "event_id"
      && one(aws_dynamodb_table.this.server_side_encryption).enabled
      && one(aws_dynamodb_table.this.point_in_time_recovery).enabled
    )
    error_message = "The table must be named after the fork, keyed by the event's id, encrypted and restorable."
  }
}
