output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "checkout_queue_url" {
  description = "Queue of the regular pipeline, which also gets replayed events."
  value       = aws_sqs_queue.checkout.url
}

output "checkout_queue_arn" {
  description = "ARN of that queue: --target of the command."
  value       = aws_sqs_queue.checkout.arn
}

output "checkout_dead_letter_queue_url" {
  description = "Its dead-letter queue; a replay can stop when it grows."
  value       = aws_sqs_queue.checkout_dead_letter.url
}

output "archive_url" {
  description = "The archive: --archive of the command."
  value       = "s3://${module.backup.bucket_name}/"
}

output "bucket_name" {
  description = "Bucket of the archive and of the plans."
  value       = module.backup.bucket_name
}

output "replay_queue_url" {
  description = "Queue that the last 14 days wait in."
  value       = module.replay.queue_url
}

output "state_machine_arn" {
  description = "State machine that replays."
  value       = module.replay.archive_state_machine_arn
}

output "worker_function_name" {
  description = "Function that sends the events."
  value       = module.replay.archive_worker_function_name
}

output "replay_window_parameter_name" {
  description = "Parameter with the window of a replay of the 14-day queue."
  value       = module.replay.replay_window_parameter_name
}
