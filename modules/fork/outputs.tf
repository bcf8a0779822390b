################################################################################
# Subscription
################################################################################

output "subscription_arn" {
  description = "ARN of the subscription; null with create_subscription = false."
  value       = one(aws_sns_topic_subscription.this[*].arn)
}

################################################################################
# Queue and dead-letter queue
################################################################################

output "queue_arn" {
  description = "ARN of the queue."
  value       = one(aws_sqs_queue.this[*].arn)
}

output "queue_url" {
  description = "URL of the queue."
  value       = one(aws_sqs_queue.this[*].url)
}

output "queue_name" {
  description = "Name of the queue."
  value       = one(aws_sqs_queue.this[*].name)
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.arn
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.url
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.name
}

################################################################################
# Function
################################################################################

output "function_arn" {
  description = "ARN of the function."
  value       = one(module.function[*].arn)
}

output "function_name" {
  description = "Name of the function."
  value       = one(module.function[*].name)
}

output "function_role_arn" {
  description = "ARN of the function's role: name it in key policies and in the policies of resources in other accounts."
  value       = one(module.function[*].role_arn)
}

output "function_role_name" {
  description = "Name of the function's role."
  value       = one(module.function[*].role_name)
}

output "layers" {
  description = "Layers of the function, Powertools first. A function of the application's own that uses Powertools can take the same."
  value       = one(module.function[*].layers)
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = one(module.function[*].log_group_name)
}

output "event_source_mapping_uuid" {
  description = "Id of the event source mapping between queue and function."
  value       = one(aws_lambda_event_source_mapping.this[*].uuid)
}

################################################################################
# Location
################################################################################

output "location" {
  description = "Where the fork stands: `partition`, `region`, `account_id` and `dns_suffixes` (of services' names in `kms:ViaService`). For ARNs and statements in what a pipeline adds."
  value       = { for name in ["partition", "region", "account_id", "dns_suffixes"] : name => local.location[name] }
}
