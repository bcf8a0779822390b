################################################################################
# What holds data
################################################################################

locals {
  # Firehose decides about partitioning when a stream is made.
  stores = { partitioned = local.partitioned, own_bucket = var.bucket == null, stream_count = var.stream_count }
}

# These, as they were when the stores were made: Terraform would replace or remove a store without a word that data go with it.
resource "terraform_data" "stores" {
  input            = local.stores
  triggers_replace = var.replace_stores

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input.partitioned == local.partitioned
      error_message = "This change would replace the delivery stream, and what is in its buffer would go: partition_by must not be turned on or off. Make a second fork beside this one; or set event_source_mapping.enabled = false, wait for buffering.interval_seconds, then say replace_stores = \"partitions\" (any new text) in the same plan. For example ${self.input.partitioned ? "the old keys in partition_by leave" : "partition_by = null leaves"} the stream. Received: ${jsonencode(var.partition_by)}."
    }

    postcondition {
      condition     = try(self.input.stream_count, 1) == var.stream_count
      error_message = "This change would ${var.stream_count > try(self.input.stream_count, 1) ? "leave the fork with more delivery streams, and Terraform could not tell later that one is removed with what is in its buffer" : "remove delivery streams, and what is in their buffers would go; first set event_source_mapping.enabled = false and wait for buffering.interval_seconds"}. To allow it, say replace_stores = \"${var.stream_count} streams\" (any new text) in the same plan; for example stream_count = ${try(self.input.stream_count, 1)} leaves them. Received: ${var.stream_count}."
    }

    postcondition {
      condition     = self.input.own_bucket == local.stores.own_bucket
      error_message = "This change would ${local.stores.own_bucket ? "leave the events in the bucket that was given and begin a bucket of the module's own" : "remove the module's own bucket with the events in it"}: bucket must not be turned from null to a bucket, or back. Copy the objects first, or take the bucket out of the state (docs/changes.md), then say replace_stores = \"bucket\" (any new text) in the same plan. For example ${self.input.own_bucket ? "bucket = null leaves it" : "the old bucket leaves it"}. Received: ${jsonencode(var.bucket)}."
    }
  }
}
