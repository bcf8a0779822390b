output "stream_names" {
  description = "Names of the streams, the fork's own name first. event_fork/settings.py makes the same."
  value       = local.stream_names
}

output "function_environment" {
  description = "What tells the function of further streams; {} where there is one."
  value       = var.stream_count == 1 ? {} : { DELIVERY_STREAM_COUNT = tostring(var.stream_count) }
}

output "role_arn" {
  description = "ARN of the role, known when it may do its work: Firehose tries the role while the stream is made."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "log_group_name" {
  description = "Log group of Firehose's errors."
  value       = aws_cloudwatch_log_group.this.name
}

output "log_stream_name" {
  description = "Log stream of Firehose's errors."
  value       = aws_cloudwatch_log_stream.this.name
}

output "transformation_parameters" {
  description = "Parameters of the Lambda processor, [] without a transformation function."
  value       = local.transformation_parameters
}
