################################################################################
# What holds data
################################################################################

locals {
  # What AWS cannot change without a new domain or a new stream.
  stores = {
    domain = var.domain == null ? { name = local.domain_name, kms_key = try(var.new_domain.kms_key.arn, null), in_vpc = var.vpc != null } : null
    stream = { vpc = var.vpc, s3_backup_mode = var.s3_backup_mode }
  }
}

# These, as they were when the stores were made: Terraform would replace a store without a word that documents go with it.
resource "terraform_data" "stores" {
  input            = local.stores
  triggers_replace = var.replace_stores

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input.domain == null || jsonencode(self.input.domain) == jsonencode(local.stores.domain)
      error_message = "This change would replace the domain, and every document in it would go: domain, new_domain.name, new_domain.kms_key and vpc must stay as they are. Take a snapshot, or make a second fork with the new settings and remove this one later. Or say replace_stores = \"new domain\" (any new text) in the same plan, for example when the documents may go. Received: ${jsonencode(local.stores.domain)}; it was ${jsonencode(self.input.domain)}."
    }

    postcondition {
      condition     = jsonencode(self.input.stream) == jsonencode(local.stores.stream)
      error_message = "This change would replace the delivery stream, and what is in its buffer would go: vpc and s3_backup_mode must stay as they are. Set event_source_mapping.enabled = false, wait for buffering.interval_seconds, then say replace_stores = \"new stream\" (any new text) in the same plan; for example s3_backup_mode = \"${self.input.stream.s3_backup_mode}\" leaves it. Received: ${jsonencode(local.stores.stream)}; it was ${jsonencode(self.input.stream)}."
    }
  }
}
