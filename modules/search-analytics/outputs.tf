################################################################################
# Delivery stream
################################################################################

output "delivery_stream_name" {
  description = "Name of the delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this[0].name
}

output "delivery_stream_arn" {
  description = "ARN of the delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this[0].arn
}

output "delivery_stream_names" {
  description = "Names of all delivery streams, `stream_count` of them."
  value       = aws_kinesis_firehose_delivery_stream.this[*].name
}

output "delivery_role_arn" {
  description = "ARN of the role Firehose works under: name it in key policies and in the policy of a bucket in another account."
  value       = module.delivery.role_arn
}

output "delivery_log_group_name" {
  description = "Name of the log group of Firehose's errors."
  value       = module.delivery.log_group_name
}

################################################################################
# Domain
################################################################################

output "domain_arn" {
  description = "ARN of the domain."
  value       = local.domain.arn
}

output "domain_endpoint" {
  description = "Endpoint of the domain, without scheme where the module made it."
  value       = local.domain.endpoint
}

output "index_name" {
  description = "Index that documents go to, without the period that Firehose adds."
  value       = var.index_name
}

output "index_alias" {
  description = "Alias of the indices of all periods; null without one."
  value       = local.index_alias
}

output "index_management_role_arn" {
  description = "ARN of the role that keeps the index template; a domain with fine-grained access control must map it. null with index_management.enabled = false."
  value       = one(module.index_function[*].role_arn)
}

################################################################################
# Bucket
################################################################################

output "bucket_name" {
  description = "Name of the bucket that rejected documents go to."
  value       = local.bucket.name
}

output "bucket_arn" {
  description = "ARN of the bucket that rejected documents go to."
  value       = local.bucket.arn
}
