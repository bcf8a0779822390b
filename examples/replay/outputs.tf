output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "checkout_queue_url" {
  description = "Queue of the regular pipeline, which also gets replayed events."
  value       = aws_sqs_queue.checkout.url
}

output "replay_queue_url" {
  description = "Queue that the events wait in."
  value       = module.replay.queue_url
}

output "event_source_mapping_uuid" {
  description = "The switch: aws lambda update-event-source-mapping --uuid <this> --enabled."
  value       = module.replay.event_source_mapping_uuid
}
