output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "bucket_name" {
  description = "Bucket that the events arrive in."
  value       = module.archive.bucket_name
}

output "dead_letter_queue_url" {
  description = "Where events go that cannot be stored."
  value       = module.archive.dead_letter_queue_url
}

output "athena_workgroup_name" {
  description = "Athena workgroup with the ready-made queries."
  value       = module.archive.athena_workgroup_name
}

output "athena_named_query_ids" {
  description = "Ids of the ready-made queries."
  value       = module.archive.athena_named_query_ids
}
