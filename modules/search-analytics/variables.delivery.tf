# ONLY EDIT THIS FILE IN modules/storage-backup: `make docs` copies it into search-analytics as it is.

################################################################################
# Queue and dead-letter queue
################################################################################

variable "kms_key" {
  description = "Customer managed key for what is on its way: both queues and the delivery stream; null = SQS-managed encryption and a key owned by Firehose. The key's policy must let `sns.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey`, or SNS cannot deliver; therefore the AWS managed key alias/aws/sqs does not work. Whoever applies needs `kms:CreateGrant` on it: Firehose works by a grant. For example `{ arn = aws_kms_key.events.arn }`."
  type        = object({ arn = string })
  default     = null
}

variable "queue" {
  description = <<-EOT
    Settings of the queue, for example `{ visibility_timeout_seconds = 360 }`:
    - `message_retention_seconds`: how long an unprocessed message waits, 60-1209600 (14 days). Default 345600 (4 days), as SQS.
    - `visibility_timeout_seconds`: how long a message in work stays hidden, 0-43200. Default null = 6 x function timeout + batching window, as AWS asks for.
    - `max_receive_count`: attempts before a message goes to the dead-letter queue, 1-1000. Default 5, the least AWS advises: throttled invocations count as attempts.
  EOT
  type = object({
    message_retention_seconds  = optional(number, 345600)
    visibility_timeout_seconds = optional(number)
    max_receive_count          = optional(number, 5)
  })
  default  = {}
  nullable = false
}

################################################################################
# Function
################################################################################

variable "function" {
  description = <<-EOT
    Settings of the function, for example `{ memory_size = 1024, timeout_seconds = 60 }`:
    - `memory_size`: MiB, 128-10240. Default 512; processor share grows with it.
    - `timeout_seconds`: 1-900. Default 60.
    - `runtime`: default `python3.13`, what the shipped package is tested on; `python3.11` to `python3.14`. Version 5.100 of the AWS provider does not know `python3.14`.
    - `architecture`: `arm64` (default, cheaper) or `x86_64`.
    - `reserved_concurrency`: invocations kept for this function and its ceiling, 0 or more; 0 stops it. Default null = none. To slow a fork down use `event_source_mapping.maximum_concurrency`: it does not use up receive attempts.
  EOT
  type = object({
    memory_size          = optional(number, 512)
    timeout_seconds      = optional(number, 60)
    runtime              = optional(string, "python3.13")
    architecture         = optional(string, "arm64")
    reserved_concurrency = optional(number)
  })
  default  = {}
  nullable = false
}

variable "log_retention_days" {
  description = "Days that the logs of function and stream are kept, one of the values CloudWatch Logs allows. Default 30. 0 = forever."
  type        = number
  default     = 30
  nullable    = false
}

################################################################################
# Event source mapping
################################################################################

variable "event_source_mapping" {
  description = <<-EOT
    How the function reads the queue:
    - `batch_size`: messages an invocation gets at most, 1-10000; above 10 a window of at least 1 second is needed. Default 1000: few invocations, full Firehose records. A batch also ends at 6 MB.
    - `maximum_batching_window_seconds`: how long to wait for a full batch, 0-300. Default 5.
    - `maximum_concurrency`: invocations at a time at most, 2-1000. Default null = as many as Lambda starts.
    - `provisioned_pollers`: pollers that are kept ready for this queue alone, `{ minimum = 2, maximum = 200 }`: `minimum` 2-200, `maximum` 2-10000. Each reads up to 1 MB/s and 10 batches at a time, and is billed by the hour. Excludes `maximum_concurrency`. Version 5 of the AWS provider takes a `maximum` of 2000 at most. Default null = Lambda's own pollers.
    - `enabled`: false lets messages wait in the queue. Default true.
  EOT
  type = object({
    batch_size                      = optional(number, 1000)
    maximum_batching_window_seconds = optional(number, 5)
    maximum_concurrency             = optional(number)
    provisioned_pollers             = optional(object({ minimum = optional(number), maximum = optional(number) }))
    enabled                         = optional(bool, true)
  })
  default  = {}
  nullable = false
}

################################################################################
# Delivery streams
################################################################################

variable "stream_count" {
  description = "Delivery streams that the function spreads its records over, 1-50, where one stream's quota is too little: 5 MiB/s in the largest Regions, 1 MiB/s in others ([scale](../../docs/scale.md)). The further ones are called `<name>-stream-2` and so on, write to the same place, and have alarms of their own. Default 1. Every change needs a new text in `replace_stores`, because fewer streams lose what is in their buffers."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.stream_count >= 1 && var.stream_count <= 50 && floor(var.stream_count) == var.stream_count
    error_message = "stream_count must be a whole number, 1-50, for example 2. Received: ${var.stream_count}."
  }
}

################################################################################
# Bucket
################################################################################

variable "bucket_kms_key" {
  description = "Customer managed key that objects are encrypted with; null = the AWS managed key aws/s3 in the module's own bucket, and the bucket's default encryption in an existing one. An existing bucket whose default is a customer managed key needs that key here, so that Firehose may use it. For example `{ arn = aws_kms_key.events.arn }`."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.bucket_kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.bucket_kms_key.arn))
    error_message = "bucket_kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.bucket_kms_key)}."
  }
}

variable "bucket_force_destroy" {
  description = "Whether destroying the module's own bucket also destroys the objects in it. false stops Terraform at a bucket that is not empty."
  type        = bool
  default     = false
  nullable    = false
}
