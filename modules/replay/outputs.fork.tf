# The outputs that every pipeline has in common: those of its fork. ONLY EDIT THIS FILE IN modules/storage-backup: `make docs` copies it into
# each pipeline as it is.

################################################################################
# Subscription
################################################################################

output "subscription_arn" {
  description = "ARN of the subscription; null with create_subscription = false."
  value       = module.fork.subscription_arn
}

################################################################################
# Queue and dead-letter queue
################################################################################

output "queue_arn" {
  description = "ARN of the queue."
  value       = module.fork.queue_arn
}

output "queue_url" {
  description = "URL of the queue."
  value       = module.fork.queue_url
}

output "queue_name" {
  description = "Name of the queue."
  value       = module.fork.queue_name
}

output "dead_letter_queue_arn" {
  description = "ARN of the dead-letter queue."
  value       = module.fork.dead_letter_queue_arn
}

output "dead_letter_queue_url" {
  description = "URL of the dead-letter queue."
  value       = module.fork.dead_letter_queue_url
}

output "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  value       = module.fork.dead_letter_queue_name
}

################################################################################
# Function
################################################################################

output "function_arn" {
  description = "ARN of the function."
  value       = module.fork.function_arn
}

output "function_name" {
  description = "Name of the function."
  value       = module.fork.function_name
}

output "function_role_arn" {
  description = "ARN of the function's role: name it in key policies and in the policies of resources in other accounts."
  value       = module.fork.function_role_arn
}

output "function_role_name" {
  description = "Name of the function's role."
  value       = module.fork.function_role_name
}

output "layers" {
  description = "Layers of the function, Powertools first. A function of the application's own that uses Powertools can take the same."
  value       = module.fork.layers
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = module.fork.log_group_name
}

output "event_source_mapping_uuid" {
  description = "Id of the event source mapping between queue and function."
  value       = module.fork.event_source_mapping_uuid
}
