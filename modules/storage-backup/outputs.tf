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
# Bucket
################################################################################

output "bucket_name" {
  description = "Name of the bucket the events are in."
  value       = local.bucket.name
}

output "bucket_arn" {
  description = "ARN of the bucket the events are in."
  value       = local.bucket.arn
}

################################################################################
# Athena
################################################################################

output "glue_database_name" {
  description = "Name of the Glue database; null without athena."
  value       = local.glue_database_name
}

output "glue_table_name" {
  description = "Name of the Glue table; null without athena."
  value       = one(aws_glue_catalog_table.this[*].name)
}

output "athena_workgroup_name" {
  description = "Name of the Athena workgroup; null without athena."
  value       = local.workgroup_name
}

output "athena_named_query_ids" {
  description = "Ids of the ready-made queries by their names (events_per_type_and_hour, payload_field, find_event_by_id); {} without athena."
  value       = { for name, query in aws_athena_named_query.this : name => query.id }
}
