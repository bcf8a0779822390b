# All three forks of one topic, as `make chaos` and `make soak` run them: short times, so that failures come back soon.

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
  # Time-outs and lost answers are many more here than a message sees in its life.
  queue                = { visibility_timeout_seconds = 10, max_receive_count = 100 }
  function             = { timeout_seconds = 6 }
  event_source_mapping = { batch_size = 100, maximum_batching_window_seconds = 1 }
}

resource "aws_sns_topic" "orders" {
  name = var.name
}

resource "aws_sqs_queue" "consumer" {
  name = "${var.name}-consumer"
}

module "backup" {
  source = "../../../modules/storage-backup"

  name                 = "${var.name}-backup"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  queue                = local.queue
  function             = local.function
  event_source_mapping = local.event_source_mapping
  prefix               = "orders/"
  buffering            = { interval_seconds = 1, size_mib = 1 }
  bucket_force_destroy = true
}

module "search" {
  source = "../../../modules/search-analytics"

  name                   = "${var.name}-search"
  topic_arn              = aws_sns_topic.orders.arn
  powertools_layer_arn   = var.powertools_layer_arn
  filter_policy          = jsonencode({ amount = [{ numeric = [">=", 100] }] })
  queue                  = local.queue
  function               = local.function
  event_source_mapping   = local.event_source_mapping
  domain                 = var.domain
  index_name             = var.name
  retry_duration_seconds = 600
  buffering              = { interval_seconds = 1 }
  bucket_force_destroy   = true
}

module "replay" {
  source = "../../../modules/replay"

  name                 = "${var.name}-replay"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  queue                = { visibility_timeout_seconds = local.queue.visibility_timeout_seconds }
  function             = local.function
  event_source_mapping = local.event_source_mapping
  raw_message_delivery = false
  destination_queue    = { arn = aws_sqs_queue.consumer.arn, url = aws_sqs_queue.consumer.url }
}

output "topic_arn" {
  value = aws_sns_topic.orders.arn
}

output "consumer_queue_url" {
  value = aws_sqs_queue.consumer.url
}

output "archive_bucket" {
  value = module.backup.bucket_name
}

output "rejected_bucket" {
  value = module.search.bucket_name
}

output "replay_mapping" {
  value = module.replay.event_source_mapping_uuid
}

output "delivery_log_group" {
  value = module.backup.delivery_log_group_name
}

output "forks" {
  value = { for fork, made in { backup = module.backup, search = module.search, replay = module.replay } : fork => {
    queue_url             = made.queue_url
    dead_letter_queue_url = made.dead_letter_queue_url
    function_name         = made.function_name
    log_group_name        = made.log_group_name
  } }
}

output "delivery_role_arn" {
  value = module.backup.delivery_role_arn
}
