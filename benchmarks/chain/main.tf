# Topic to bucket, topic to index and archive to queue, as benchmarks/chain.py measures them. Batches as by default; short buffers, so that
# what is measured is the chain and not Firehose's waiting.

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

variable "domain" {
  type = object({ arn = string, endpoint = string })
}

locals {
  event_source_mapping = { maximum_batching_window_seconds = 1 }
  buffering            = { interval_seconds = 1 }
}

resource "aws_sns_topic" "orders" {
  name = var.name
}

resource "aws_sqs_queue" "consumer" {
  name = "${var.name}-consumer"
}

module "backup" {
  source = "../../modules/storage-backup"

  name                 = "${var.name}-backup"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  event_source_mapping = local.event_source_mapping
  buffering            = local.buffering
  prefix               = "orders/"
  bucket_force_destroy = true
}

module "search" {
  source = "../../modules/search-analytics"

  name                 = "${var.name}-search"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  event_source_mapping = local.event_source_mapping
  buffering            = local.buffering
  domain               = var.domain
  index_name           = var.name
  bucket_force_destroy = true
}

module "replay" {
  source = "../../modules/replay"

  name                 = "${var.name}-replay"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  destination_queue    = { arn = aws_sqs_queue.consumer.arn, url = aws_sqs_queue.consumer.url }
  raw_message_delivery = false
  archive              = { bucket = { arn = module.backup.bucket_arn, name = module.backup.bucket_name }, prefix = "written/" }
  targets              = [{ arn = aws_sqs_queue.consumer.arn, url = aws_sqs_queue.consumer.url }]
}

output "topic_arn" {
  value = aws_sns_topic.orders.arn
}

output "bucket_name" {
  value = module.backup.bucket_name
}

output "archive_url" {
  value = "s3://${module.backup.bucket_name}/written/"
}

output "checkout_queue_url" {
  value = aws_sqs_queue.consumer.url
}

output "checkout_queue_arn" {
  value = aws_sqs_queue.consumer.arn
}

output "state_machine_arn" {
  value = module.replay.archive_state_machine_arn
}
