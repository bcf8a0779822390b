output "table_name" {
  description = "Table with a row for every event."
  value       = aws_dynamodb_table.this.name
}

output "table_arn" {
  description = "ARN of the table, for the policies of its readers."
  value       = aws_dynamodb_table.this.arn
}

output "queue_url" {
  description = "Queue between topic and function."
  value       = module.fork.queue_url
}

output "dead_letter_queue_url" {
  description = "Where events go that the function gave up on."
  value       = module.fork.dead_letter_queue_url
}

output "function_arn" {
  description = "The function."
  value       = module.fork.function_arn
}
