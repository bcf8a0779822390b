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
  value       = aws_iam_role.function["worker"].arn
}

output "governor_role_arn" {
  description = "ARN of the governor's role, which looks at the targets."
  value       = aws_iam_role.function["governor"].arn
}

output "worker_function_name" {
  description = "Name of the worker function."
  value       = aws_lambda_function.this["worker"].function_name
}

output "governor_function_name" {
  description = "Name of the governor function."
  value       = aws_lambda_function.this["governor"].function_name
}
