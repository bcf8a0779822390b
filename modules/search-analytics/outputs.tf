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
# Delivery stream
################################################################################

output "delivery_stream_name" {
  description = "Name of the delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "delivery_stream_arn" {
  description = "ARN of the delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this.arn
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
