# Several forks of one kind on one topic, made by the root module: one with a bucket of its own, two that share a bucket that was there
# before. One filters by attributes, one by the message and sends its records through a function of the user's own.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "name" {
  type = string
}

variable "powertools_layer_arn" {
  type = string
}

variable "transform_zip" {
  type = string
}

locals {
  # As short as AWS allows for such a function, so that a message that failed is tried again within the test.
  impatient = {
    function             = { timeout_seconds = 15 }
    queue                = { visibility_timeout_seconds = 16, max_receive_count = 2 }
    event_source_mapping = { batch_size = 100, maximum_batching_window_seconds = 1 }
  }
  buffering = { interval_seconds = 1, size_mib = 1 }
}

resource "aws_sns_topic" "orders" {
  name = var.name
}

# Whom the alarms tell, and what they heard.
resource "aws_sns_topic" "on_call" {
  name = "${var.name}-on-call"
}

resource "aws_sqs_queue" "on_call" {
  name = "${var.name}-on-call"
}

resource "aws_sqs_queue_policy" "on_call" {
  queue_url = aws_sqs_queue.on_call.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.on_call.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.on_call.arn } }
    }]
  })
}

resource "aws_sns_topic_subscription" "on_call" {
  topic_arn            = aws_sns_topic.on_call.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.on_call.arn
  raw_message_delivery = true
}

resource "aws_s3_bucket" "shared" {
  bucket        = "${var.name}-shared"
  force_destroy = true
}

# What an organisation may ask of every role and log group.
resource "aws_iam_policy" "boundary" {
  name = "${var.name}-boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

resource "aws_kms_key" "logs" {
  description = "Logs of ${var.name}"
}

# For the function of one fork; the others are in no VPC.
resource "aws_vpc" "functions" {
  cidr_block = "10.0.0.0/24"
}

resource "aws_subnet" "functions" {
  vpc_id     = aws_vpc.functions.id
  cidr_block = aws_vpc.functions.cidr_block
}

resource "aws_security_group" "functions" {
  name   = "${var.name}-functions"
  vpc_id = aws_vpc.functions.id
}

module "forks" {
  source = "../../../.."

  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  roles                = { path = "/event-fork-tests/", permissions_boundary = aws_iam_policy.boundary.arn }
  log_kms_key          = { arn = aws_kms_key.logs.arn }
  tags                 = { stack = var.name }

  storage_backups = {
    "${var.name}-all" = {
      function             = local.impatient.function
      queue                = local.impatient.queue
      event_source_mapping = local.impatient.event_source_mapping
      buffering            = local.buffering
      bucket_force_destroy = true
      alarms               = { actions = [aws_sns_topic.on_call.arn] }
    }
    "${var.name}-large" = {
      filter_policy = jsonencode({ event_type = ["order.placed"], amount = [{ numeric = [">=", 100] }] })
      bucket        = { arn = aws_s3_bucket.shared.arn, name = aws_s3_bucket.shared.id }
      prefix        = "large/"
      stream_count  = 2
      compression   = "UNCOMPRESSED"
      buffering     = local.buffering
      function_vpc  = { subnet_ids = [aws_subnet.functions.id], security_group_ids = [aws_security_group.functions.id] }
    }
    "${var.name}-abroad" = {
      filter_policy        = jsonencode({ customer = { country = [{ anything-but = ["PL"] }] } })
      filter_policy_scope  = "MessageBody"
      bucket               = { arn = aws_s3_bucket.shared.arn, name = aws_s3_bucket.shared.id }
      prefix               = "abroad/"
      buffering            = local.buffering
      function             = local.impatient.function
      queue                = merge(local.impatient.queue, { max_receive_count = 50 })
      event_source_mapping = local.impatient.event_source_mapping
      transformation_function = {
        arn                     = aws_lambda_function.transform.arn
        buffer_interval_seconds = 1
        retries                 = 1
      }
    }
  }
}

resource "aws_lambda_function" "transform" {
  function_name    = "${var.name}-transform"
  role             = aws_iam_role.transform.arn
  runtime          = "python3.13"
  handler          = "transform.handler"
  filename         = var.transform_zip
  source_code_hash = filebase64sha256(var.transform_zip)
  timeout          = 60

  depends_on = [aws_cloudwatch_log_group.transform]
}

resource "aws_cloudwatch_log_group" "transform" {
  name = "/aws/lambda/${var.name}-transform"
}

resource "aws_iam_role" "transform" {
  name = "${var.name}-transform"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

output "topic_arn" {
  value = aws_sns_topic.orders.arn
}

output "shared_bucket_name" {
  value = aws_s3_bucket.shared.id
}

output "function_vpc" {
  value = { VpcId = aws_vpc.functions.id, SubnetIds = [aws_subnet.functions.id], SecurityGroupIds = [aws_security_group.functions.id] }
}

output "on_call_queue_url" {
  value = aws_sqs_queue.on_call.id
}

output "forks" {
  value = module.forks.storage_backups
}
