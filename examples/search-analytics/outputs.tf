output "topic_arn" {
  description = "Topic to publish to."
  value       = aws_sns_topic.orders.arn
}

output "domain_endpoint" {
  description = "Where the documents can be searched."
  value       = module.search.domain_endpoint
}

output "index_name" {
  description = "Index of the documents, without the period."
  value       = module.search.index_name
}

output "bucket_name" {
  description = "Bucket that rejected documents arrive in."
  value       = module.search.bucket_name
}

output "dead_letter_queue_url" {
  description = "Where events go that are no JSON objects."
  value       = module.search.dead_letter_queue_url
}
