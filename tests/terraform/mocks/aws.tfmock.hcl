# The mocked aws provider of all native tests (modules/*/tests). Without these values it answers with random text, which the provider's
# own checks refuse where an ARN is due.

mock_data "aws_service" {
  defaults = { partition = "aws", region = "eu-west-1", dns_name = "s3.eu-west-1.amazonaws.com" }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:mocked" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/mocked" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mocked" }
}

mock_resource "aws_sqs_queue" {
  defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:mocked", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/mocked" }
}

mock_resource "aws_s3_bucket" {
  defaults = { id = "orders-mocked", arn = "arn:aws:s3:::orders-mocked" }
}

mock_resource "aws_kinesis_firehose_delivery_stream" {
  defaults = { arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders" }
}

mock_resource "aws_opensearch_domain" {
  defaults = { arn = "arn:aws:es:eu-west-1:123456789012:domain/mocked", endpoint = "search-mocked.eu-west-1.es.amazonaws.com" }
}

mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:mocked" }
}

mock_resource "aws_glue_catalog_table" {
  defaults = { arn = "arn:aws:glue:eu-west-1:123456789012:table/orders/events" }
}
