################################################################################
# API and topic
################################################################################

output "api_url" {
  description = "Address that takes orders by POST."
  value       = "${aws_api_gateway_stage.live.invoke_url}/orders"
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "api_stage_name" {
  description = "Name of the API's stage."
  value       = aws_api_gateway_stage.live.stage_name
}

output "topic_arn" {
  description = "ARN of CheckoutEventsTopic: further forks subscribe to it."
  value       = aws_sns_topic.checkout_events.arn
}

################################################################################
# Checkout
################################################################################

output "table_name" {
  description = "Name of CheckoutTable."
  value       = aws_dynamodb_table.checkout.name
}

output "checkout_queue_url" {
  description = "URL of CheckoutQueue."
  value       = module.checkout.queue_url
}

output "checkout_dead_letter_queue_url" {
  description = "URL of CheckoutQueue's dead-letter queue."
  value       = module.checkout.dead_letter_queue_url
}

################################################################################
# Backup
################################################################################

output "backup_bucket_name" {
  description = "Name of the bucket with every order, without card data."
  value       = module.backup.bucket_name
}

output "backup_dead_letter_queue_url" {
  description = "URL of the backup's dead-letter queue."
  value       = module.backup.dead_letter_queue_url
}

output "athena_workgroup_name" {
  description = "Athena workgroup in which the backup can be queried."
  value       = module.backup.athena_workgroup_name
}

output "athena_named_query_ids" {
  description = "Ids of the prepared Athena queries over the backup, by name."
  value       = merge(module.backup.athena_named_query_ids, { orders_by_payment_method = aws_athena_named_query.orders_by_payment_method.id })
}

################################################################################
# Search
################################################################################

output "search_domain_endpoint" {
  description = "Endpoint of the OpenSearch domain."
  value       = module.search.domain_endpoint
}

output "search_index_name" {
  description = "Begin of the names of the indices; each day has one of its own."
  value       = module.search.index_name
}

output "rejected_bucket_name" {
  description = "Name of the bucket with the orders that the index rejected, each with the reason."
  value       = module.search.bucket_name
}

output "search_dead_letter_queue_url" {
  description = "URL of the search fork's dead-letter queue."
  value       = module.search.dead_letter_queue_url
}

################################################################################
# Replay
################################################################################

output "replay_queue_url" {
  description = "URL of the queue in which orders wait for a replay."
  value       = module.replay.queue_url
}

output "replay_dead_letter_queue_url" {
  description = "URL of the replay fork's dead-letter queue."
  value       = module.replay.dead_letter_queue_url
}

output "replay_event_source_mapping_uuid" {
  description = "Id of the mapping that starts a replay when it is enabled, also outside Terraform: `aws lambda update-event-source-mapping --uuid ... --enabled`."
  value       = module.replay.event_source_mapping_uuid
}
