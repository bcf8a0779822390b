output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "payments_queue_url" {
  description = "Queue of the consumer."
  value       = module.payments.queue_url
}

output "payments_queue_arn" {
  description = "ARN of that queue: --target of the command."
  value       = module.payments.queue_arn
}

output "payments_dead_letter_queue_url" {
  description = "Where messages go that the consumer gave up on."
  value       = module.payments.dead_letter_queue_url
}

output "charges_table_name" {
  description = "Table that counts how often each order was charged."
  value       = aws_dynamodb_table.charges.name
}

output "archive_url" {
  description = "The archive: --archive of the command."
  value       = "s3://${module.backup.bucket_name}/"
}

output "bucket_name" {
  description = "Bucket of the archive and of the plans."
  value       = module.backup.bucket_name
}

output "state_machine_arn" {
  description = "State machine that replays."
  value       = module.replay.archive_state_machine_arn
}
