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

################################################################################
# Replay from the archive
################################################################################

output "replay_window_parameter_name" {
  description = "Name of the parameter that holds the window of a running replay of the queue."
  value       = aws_ssm_parameter.window.name
}

output "archive_state_machine_arn" {
  description = "ARN of the state machine that replays the archive; null without `archive`."
  value       = one(module.archive_replay[*].state_machine_arn)
}

output "archive_parameter_name" {
  description = "Name of the parameter by which the command `event-fork` finds that state machine; null without `archive`."
  value       = one(module.archive_replay[*].parameter_name)
}

output "archive_worker_role_arn" {
  description = "ARN of the role that sends to the targets: name it in policies of queues and keys in other accounts. null without `archive`."
  value       = one(module.archive_replay[*].worker_role_arn)
}

output "archive_governor_role_arn" {
  description = "ARN of the role that looks at the health of the targets; null without `archive`."
  value       = one(module.archive_replay[*].governor_role_arn)
}

output "archive_worker_function_name" {
  description = "Name of the function that sends events from the archive; null without `archive`."
  value       = one(module.archive_replay[*].worker_function_name)
}

output "archive_governor_function_name" {
  description = "Name of the function that sets the rate of a replay from the archive; null without `archive`."
  value       = one(module.archive_replay[*].governor_function_name)
}
