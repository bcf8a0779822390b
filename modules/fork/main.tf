# One fork: topic -> subscription -> queue (+ dead-letter queue) -> function, in that order, one file for each section.

data "aws_caller_identity" "current" {}

# Partition and Region. Not by aws_region: its `name` and `id` are deprecated in version 6 of the provider, its `region` is not there in version 5.
data "aws_service" "sqs" {
  service_id = "sqs"
}

locals {
  partition  = data.aws_service.sqs.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_service.sqs.region
}
