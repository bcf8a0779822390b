# One fork: topic -> subscription -> queue (+ dead-letter queue) -> function, in that order, one file for each section.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.id # .name is deprecated in version 6 of the provider
}
