# One fork: topic -> subscription -> queue (+ dead-letter queue) -> function, in that order, one file for each section.

data "aws_caller_identity" "current" {}

# Partition and Region. Not by aws_region: its `name` and `id` are deprecated in version 6 of the provider, its `region` is not there in version 5.
data "aws_service" "s3" {
  service_id = "s3"
}

# Where the fork stands and what it is called, as it was when it was made. Terraform does not read a data source in a plan while something
# changes that the module depends on (`depends_on` at a module block). Names of roles and policies would then be unknown, and roles replaced.
resource "terraform_data" "location" {
  input = {
    partition   = data.aws_service.s3.partition
    region      = data.aws_service.s3.region
    account_id  = data.aws_caller_identity.current.account_id
    s3_dns_name = data.aws_service.s3.dns_name
    name        = var.name
    ingest      = var.ingest
  }
  triggers_replace = var.replace_stores

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input.name == var.name
      error_message = "The new name would replace the queues of ${self.input.name}, with the events in them. Empty them first, then say replace_stores = \"renamed\" (any new text) in the same plan; for example name = \"${self.input.name}\" to leave it. Received: \"${var.name}\"."
    }

    postcondition {
      condition     = var.ingest != "direct" || try(self.input.ingest, "queue") == "direct"
      error_message = "This change would remove the queue of ${self.input.name} with the events in it. Make a second fork beside this one; or wait until the queue is empty, then say replace_stores = \"direct\" (any new text) in the same plan. For example ingest = \"queue\" leaves the queue. Received: \"${var.ingest}\"."
    }

    postcondition {
      condition     = self.input.region == data.aws_service.s3.region && self.input.account_id == data.aws_caller_identity.current.account_id
      error_message = "The fork ${self.input.name} stands in ${self.input.region} of account ${self.input.account_id} and cannot be moved: make a new one beside it, for example by another module block. Received: a provider of ${data.aws_service.s3.region} in account ${data.aws_caller_identity.current.account_id}."
    }

    postcondition {
      condition     = length(local.of_others) == 0
      error_message = "These must be ARNs of the partition, and for queue and permissions boundary also of the account, that the fork stands in, for example roles.permissions_boundary = \"arn:${self.input.partition}:iam::${self.input.account_id}:policy/boundary\". Received: ${jsonencode(local.of_others)}."
    }

    postcondition {
      condition     = length(local.elsewhere) == 0
      error_message = "These must be ARNs of the Region and partition that the fork stands in (arn:${self.input.partition}:SERVICE:${self.input.region}:...), for example alarms.actions = [\"arn:${self.input.partition}:sns:${self.input.region}:123456789012:on-call\"]. Received: ${jsonencode(local.elsewhere)}."
    }
  }
}

locals {
  direct = var.ingest == "direct"

  # `kms:ViaService` has a service's name with the Region and this. Outside the partition aws no page of AWS says whether that ends as
  # addresses do (.com.cn in China) or always as service principals do: both, and only AWS sets it.
  location = merge(terraform_data.location.input, {
    dns_suffixes = distinct([trimprefix(terraform_data.location.input.s3_dns_name, "s3.${terraform_data.location.input.region}."), "amazonaws.com"])
  })
  partition  = local.location.partition
  account_id = local.location.account_id
  region     = local.location.region

  # Queues, functions, log groups and alarms take these of their own Region only.
  of_the_region = merge(
    {
      "kms_key.arn"           = try(var.kms_key.arn, null)
      "log_kms_key.arn"       = try(var.log_kms_key.arn, null)
      "undelivered_queue.arn" = try(var.undelivered_queue.arn, null)
      "powertools_layer_arn"  = var.powertools_layer_arn
    },
    { for number, arn in var.layers : "layers[${number}]" => arn },
    { for number, arn in try(var.alarms.actions, []) : "alarms.actions[${number}]" => arn },
  )
  elsewhere = {
    for input, arn in local.of_the_region : input => arn
    if try(!startswith(arn, "arn:${data.aws_service.s3.partition}:") || !contains(["", data.aws_service.s3.region], split(":", arn)[3]), false)
  }

  # SNS moves what it cannot deliver to a queue of the subscription's account only, and a role has a boundary of its own.
  of_the_account = { "undelivered_queue.arn" = try(var.undelivered_queue.arn, null), "roles.permissions_boundary" = var.roles.permissions_boundary }
  of_others = merge(
    { for input, arn in local.of_the_account : input => arn if try(!contains(["aws", data.aws_caller_identity.current.account_id], split(":", arn)[4]), false) },
    { for input, arn in { "topic_arn" = var.topic_arn, "roles.permissions_boundary" = var.roles.permissions_boundary } : input => arn if try(!startswith(arn, "arn:${data.aws_service.s3.partition}:"), false) },
  )
}
