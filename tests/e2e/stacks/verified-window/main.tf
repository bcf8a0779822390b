# Archive, index and replay queue of one topic, as `event-fork verify`, `search rebuild` and `find` look at them. The replay queue has
# envelopes, so that what the archive lacks can be taken from it.

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
  quick = {
    event_source_mapping = { maximum_batching_window_seconds = 1 }
    redact               = [{ path = "$.card" }]
  }
}

resource "aws_sns_topic" "orders" {
  name = var.name
}

resource "aws_sqs_queue" "consumer" {
  name = "${var.name}-consumer"
}

module "backup" {
  source = "../../../../modules/storage-backup"

  name                 = "${var.name}-backup"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  prefix               = "orders/"
  redact               = local.quick.redact
  event_source_mapping = local.quick.event_source_mapping
  buffering            = { interval_seconds = 1, size_mib = 1 }
  bucket_force_destroy = true
}

# The same archive without queue and function; the rules run as the stream's transformation.
module "direct" {
  source = "../../../../modules/storage-backup"

  name                 = "${var.name}-direct"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  ingest               = "direct"
  prefix               = "orders/"
  redact               = local.quick.redact
  buffering            = { interval_seconds = 1, size_mib = 1 }
  bucket_force_destroy = true
}

module "search" {
  source = "../../../../modules/search-analytics"

  name                  = "${var.name}-search"
  topic_arn             = aws_sns_topic.orders.arn
  powertools_layer_arn  = var.powertools_layer_arn
  filter_policy         = jsonencode({ amount = [{ numeric = [">=", 100] }] })
  domain                = var.domain
  index_name            = var.name
  index_rotation_period = "OneDay"
  redact                = local.quick.redact
  event_source_mapping  = local.quick.event_source_mapping
  buffering             = { interval_seconds = 1 }
  bucket_force_destroy  = true
}

module "replay" {
  source = "../../../../modules/replay"

  name                 = "${var.name}-replay"
  topic_arn            = aws_sns_topic.orders.arn
  powertools_layer_arn = var.powertools_layer_arn
  raw_message_delivery = false
  destination_queue    = { arn = aws_sqs_queue.consumer.arn, url = aws_sqs_queue.consumer.url }
}

output "topic_arn" {
  value = aws_sns_topic.orders.arn
}

output "archive_bucket" {
  value = module.backup.bucket_name
}

output "direct" {
  value = module.direct
}

output "search_bucket" {
  value = module.search.bucket_name
}

output "replay_queue_url" {
  value = module.replay.queue_url
}

output "search_dead_letter_queue_url" {
  value = module.search.dead_letter_queue_url
}
