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
