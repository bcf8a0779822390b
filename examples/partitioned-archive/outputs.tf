output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "by_type" {
  description = "The archive of JSON lines: bucket, stream, queues, function's log, table and ready-made queries."
  value = {
    bucket_name            = module.by_type.bucket_name
    delivery_stream_name   = module.by_type.delivery_stream_name
    queue_url              = module.by_type.queue_url
    dead_letter_queue_url  = module.by_type.dead_letter_queue_url
    log_group_name         = module.by_type.log_group_name
    glue_database_name     = module.by_type.glue_database_name
    athena_workgroup_name  = module.by_type.athena_workgroup_name
    athena_named_query_ids = module.by_type.athena_named_query_ids
  }
}

output "columns" {
  description = "The archive of Parquet files, with the same."
  value = {
    bucket_name            = module.columns.bucket_name
    delivery_stream_name   = module.columns.delivery_stream_name
    queue_url              = module.columns.queue_url
    dead_letter_queue_url  = module.columns.dead_letter_queue_url
    log_group_name         = module.columns.log_group_name
    glue_database_name     = module.columns.glue_database_name
    athena_workgroup_name  = module.columns.athena_workgroup_name
    athena_named_query_ids = module.columns.athena_named_query_ids
  }
}
