################################################################################
# What holds data
################################################################################

locals {
  # What AWS cannot change without a new domain or a new stream.
  stores = {
    domain       = var.domain == null ? { name = local.domain_name, kms_key = try(var.new_domain.kms_key.arn, null), in_vpc = var.vpc != null } : null
    stream       = { vpc = var.vpc, s3_backup_mode = var.s3_backup_mode, role_path = var.vpc == null ? null : var.roles.path }
    own_bucket   = var.bucket == null
    stream_count = var.stream_count
  }
}

# These, as they were when the stores were made: Terraform would replace a store without a word that documents go with it.
resource "terraform_data" "stores" {
  input            = local.stores
  triggers_replace = var.replace_stores

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = jsonencode(self.input.domain) == jsonencode(local.stores.domain)
      error_message = "This change would ${self.input.domain == null ? "leave the documents in the domain that was given and begin a domain of the module's own" : "replace or remove the domain, and every document in it would go"}: domain, new_domain.name, new_domain.kms_key and vpc must stay as they are. Take a snapshot, or make a second fork with the new settings and remove this one later. Or say replace_stores = \"new domain\" (any new text) in the same plan, for example when the documents may go. Received: ${jsonencode(local.stores.domain)}; it was ${jsonencode(self.input.domain)}."
    }

    postcondition {
      condition     = jsonencode(self.input.stream) == jsonencode(local.stores.stream)
      error_message = "This change would replace the delivery stream, and what is in its buffer would go: vpc, s3_backup_mode and, with vpc, roles.path must stay as they are. Set event_source_mapping.enabled = false, wait for buffering.interval_seconds, then say replace_stores = \"new stream\" (any new text) in the same plan; for example s3_backup_mode = \"${self.input.stream.s3_backup_mode}\" leaves it. Received: ${jsonencode(local.stores.stream)}; it was ${jsonencode(self.input.stream)}."
    }

    postcondition {
      condition     = try(self.input.stream_count, 1) == var.stream_count
      error_message = "This change would ${var.stream_count > try(self.input.stream_count, 1) ? "leave the fork with more delivery streams, and Terraform could not tell later that one is removed with what is in its buffer" : "remove delivery streams, and what is in their buffers would go; first set event_source_mapping.enabled = false and wait for buffering.interval_seconds"}. To allow it, say replace_stores = \"${var.stream_count} streams\" (any new text) in the same plan; for example stream_count = ${try(self.input.stream_count, 1)} leaves them. Received: ${var.stream_count}."
    }

    postcondition {
      condition     = self.input.own_bucket == local.stores.own_bucket
      error_message = "This change would ${local.stores.own_bucket ? "leave the documents in the bucket that was given and begin a bucket of the module's own" : "remove the module's own bucket with the documents in it"}: bucket must not be turned from null to a bucket, or back. Copy the objects first, or take the bucket out of the state (docs/changes.md), then say replace_stores = \"bucket\" (any new text) in the same plan. For example ${self.input.own_bucket ? "bucket = null leaves it" : "the old bucket leaves it"}. Received: ${jsonencode(var.bucket)}."
    }
  }
}
