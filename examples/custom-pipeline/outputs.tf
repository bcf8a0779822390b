output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "table_name" {
  description = "Table with the audit log."
  value       = module.audit_log.table_name
}

output "queue_url" {
  description = "Queue between topic and function."
  value       = module.audit_log.queue_url
}

output "dead_letter_queue_url" {
  description = "Where events go that the function gave up on."
  value       = module.audit_log.dead_letter_queue_url
}
