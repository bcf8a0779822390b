output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "parameter_name" {
  description = "Name of the parameter by which the command finds the engine."
  value       = aws_ssm_parameter.this.name
}

output "worker_role_arn" {
  description = "ARN of the worker's role, which sends to the targets."
  value       = module.function["worker"].role_arn
}

output "governor_role_arn" {
  description = "ARN of the governor's role, which looks at the targets."
  value       = module.function["governor"].role_arn
}

output "worker_function_name" {
  description = "Name of the worker function."
  value       = module.function["worker"].name
}

output "governor_function_name" {
  description = "Name of the governor function."
  value       = module.function["governor"].name
}
