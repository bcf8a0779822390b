################################################################################
# Topic and subscription
################################################################################

variable "raw_message_delivery" {
  description = "Whether the queue gets the bare message instead of SNS's envelope. Take the setting of the regular pipeline's own subscription, for what lies here is what that pipeline will get. Default true; SNS then discards messages with more than 10 attributes into the dead-letter queue."
  type        = bool
  default     = true
  nullable    = false
}

################################################################################
# Queue and dead-letter queue
################################################################################

variable "retention_seconds" {
  description = "How long events can be replayed, 60-1209600 s (14 days, the most SQS keeps a message; the default). Older ones are replayed from the archive of storage-backup."
  type        = number
  default     = 1209600
  nullable    = false

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 1209600 && floor(var.retention_seconds) == var.retention_seconds
    error_message = "retention_seconds must be a whole number, 60-1209600 (14 days), for example 1209600. Received: ${var.retention_seconds}."
  }
}

variable "kms_key" {
  description = "Customer managed key for both queues; null = SQS-managed encryption. The key's policy must let `sns.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey`, or SNS cannot deliver; therefore the AWS managed key alias/aws/sqs does not work. For example `{ arn = aws_kms_key.events.arn }`."
  type        = object({ arn = string })
  default     = null
}

variable "queue" {
  description = <<-EOT
    Further settings of the queue (how long it keeps messages is `retention_seconds`), for example `{ visibility_timeout_seconds = 360 }`:
    - `visibility_timeout_seconds`: how long a message in work stays hidden, 0-43200. Default null = 6 x function timeout + batching window, as AWS asks for.
    - `max_receive_count`: attempts before a message goes to the dead-letter queue, 1-1000. Default 1000, the most: a replay with a window receives events that it keeps for later, and that must not use up their attempts. What can never be delivered is put there by the function itself, at once and with its reason.
  EOT
  type = object({
    visibility_timeout_seconds = optional(number)
    max_receive_count          = optional(number, 1000)
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
    - `memory_size`: MiB, 128-10240. Default 256; processor share grows with it.
    - `timeout_seconds`: 1-900. Default 60.
    - `runtime`: default `python3.13`, what the shipped package is tested on; `python3.11` to `python3.14`. Version 5.100 of the AWS provider does not know `python3.14`.
    - `architecture`: `arm64` (default, cheaper) or `x86_64`.
    - `reserved_concurrency`: invocations kept for this function and its ceiling, 0 or more; 0 stops it. Default null = none. To slow a fork down use `event_source_mapping.maximum_concurrency`: it does not use up receive attempts.
  EOT
  type = object({
    memory_size          = optional(number, 256)
    timeout_seconds      = optional(number, 60)
    runtime              = optional(string, "python3.13")
    architecture         = optional(string, "arm64")
    reserved_concurrency = optional(number)
  })
  default  = {}
  nullable = false
}

variable "environment_variables" {
  description = "Environment variables for the function, 3700 bytes as JSON. They win over `POWERTOOLS_SERVICE_NAME`, `POWERTOOLS_METRICS_NAMESPACE`, `POWERTOOLS_LOG_LEVEL` and `POWERTOOLS_TRACE_DISABLED`, which the module sets. `DEAD_LETTER_QUEUE_URL`, `DEAD_LETTER_QUEUE_MAX_BYTES`, `DESTINATION_QUEUE_URL`, `DESTINATION_QUEUE_REGION`, `REPLAY_ID`, `REPLAY_WINDOW_PARAMETER`, `QUEUE_URL` and `QUEUE_RETENTION_SECONDS` are the module's."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.environment_variables), ["DESTINATION_QUEUE_URL", "DESTINATION_QUEUE_REGION", "REPLAY_ID", "REPLAY_WINDOW_PARAMETER", "QUEUE_URL", "QUEUE_RETENTION_SECONDS"])) == 0
    error_message = "environment_variables must not have DESTINATION_QUEUE_URL, DESTINATION_QUEUE_REGION, REPLAY_ID, REPLAY_WINDOW_PARAMETER, QUEUE_URL or QUEUE_RETENTION_SECONDS: the module sets them from its own inputs, for example replay_id = \"heal-orders\". Received: ${join(", ", keys(var.environment_variables))}."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept, one of the values CloudWatch Logs allows. Default 30. 0 = forever."
  type        = number
  default     = 30
  nullable    = false
}

################################################################################
# Event source mapping
################################################################################

variable "enabled" {
  description = "Whether events are being replayed. false (default): they wait in the queue. true: all that wait, and all that arrive, go to the destination queue. The same switch is at the event source mapping itself (`aws lambda update-event-source-mapping --uuid ... --enabled`); Terraform sets it back at the next apply."
  type        = bool
  default     = false
  nullable    = false
}

variable "event_source_mapping" {
  description = <<-EOT
    How the function reads the queue while `enabled`:
    - `batch_size`: messages an invocation gets at most, 1-10000; above 10 a window of at least 1 second is needed. Default 10. A batch also ends at 6 MB.
    - `maximum_batching_window_seconds`: how long to wait for a full batch, 0-300. Default 0.
    - `maximum_concurrency`: invocations at a time at most, 2-1000. Default null = as many as Lambda starts; a small number replays gently.
    - `provisioned_pollers`: pollers that are kept ready for this queue alone, `{ minimum = 2, maximum = 200 }`: `minimum` 2-200, `maximum` 2-10000. Each reads up to 1 MB/s and 10 batches at a time, and is billed by the hour. Excludes `maximum_concurrency`. Version 5 of the AWS provider takes a `maximum` of 2000 at most. Default null = Lambda's own pollers.
  EOT
  type = object({
    batch_size                      = optional(number, 10)
    maximum_batching_window_seconds = optional(number, 0)
    maximum_concurrency             = optional(number)
    provisioned_pollers             = optional(object({ minimum = optional(number), maximum = optional(number) }))
  })
  default  = {}
  nullable = false
}

################################################################################
# Destination
################################################################################

variable "destination_queue" {
  description = <<-EOT
    Queue of the regular pipeline, which gets the replayed events: standard, in any account and Region (a FIFO queue can be one of `targets`). For example `{ arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url }`.
    - `arn`, `url`.
    - `kms_key_arn`: customer managed key of that queue; null = none.
    A queue of another account must let the function's role (output `function_role_arn`) send.
  EOT
  type = object({
    arn         = string
    url         = string
    kms_key_arn = optional(string)
  })
  nullable = false

  validation {
    condition     = try(endswith(regex("^https?://.+$", var.destination_queue.url), "/${join("/", regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:([0-9]{12}):([A-Za-z0-9_-]{1,80})$", var.destination_queue.arn))}") && alltrue([for found in regexall("[./]([a-z]{2,}(?:-[a-z]+)+-[0-9]+)[.]", var.destination_queue.url) : found[0] == split(":", var.destination_queue.arn)[3]]), false)
    error_message = "destination_queue must have the ARN of a standard queue and the URL of the same one, by Region, account and name. A FIFO queue can only be one of targets: what waits in the replay's queue has no order. For example { arn = \"arn:aws:sqs:eu-west-1:123456789012:checkout\", url = \"https://sqs.eu-west-1.amazonaws.com/123456789012/checkout\" }. Received: ${jsonencode(var.destination_queue)}."
  }

  validation {
    condition     = try(split(":", var.destination_queue.kms_key_arn)[3] == split(":", var.destination_queue.arn)[3], true)
    error_message = "destination_queue.kms_key_arn must be a key of the queue's Region, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" for a queue in eu-west-1. Received: ${jsonencode(var.destination_queue)}."
  }

  validation {
    condition     = try(coalesce(var.destination_queue.kms_key_arn), null) == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.destination_queue.kms_key_arn))
    error_message = "destination_queue.kms_key_arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.destination_queue.kms_key_arn)}."
  }
}

variable "replay_id" {
  description = "Mark of the copies: the message attribute `event-fork-replay-id` has this value, so that a consumer can tell them from first deliveries. null = the fork's name."
  type        = string
  default     = null

  validation {
    condition     = var.replay_id == null || can(regex("^[A-Za-z0-9_.:/-]{1,128}$", var.replay_id))
    error_message = "replay_id must be 1-128 letters, digits or _.:/-, for example \"heal-orders-2024-05-31\". Received: ${jsonencode(var.replay_id)}."
  }
}

################################################################################
# Replay from the archive
################################################################################

variable "archive" {
  description = <<-EOT
    Archive to replay from, at any age and as often as needed; null (default) = none, and nothing is made for it. With an object: a state machine, a worker and a governor function, their roles and log groups, and a parameter by which the command `event-fork` finds them. All of it costs nothing while no replay runs. For example `{ bucket = { arn = aws_s3_bucket.archive.arn, name = aws_s3_bucket.archive.bucket }, prefix = "orders/" }`.
    - `bucket`: `arn` and `name` of the bucket of storage-backup (outputs `bucket_arn`, `bucket_name`), in this account and Region. Plans and progress are kept in it below `event-fork-replays/`.
    - `prefix`: what stands before the folders of times in the archive's keys. Default "".
    - `layout`: the folders of times, `yyyy/MM/dd/HH/` for what Firehose writes by default; folders of columns may stand before them. "" = there are none. Default `date=yyyy-MM-dd/hour=HH/`, as storage-backup writes. The worker may read nothing else.
    - `kms_key`: customer managed key of the bucket. Default null = none.
  EOT
  type = object({
    bucket  = object({ arn = string, name = string })
    prefix  = optional(string, "")
    layout  = optional(string, "date=yyyy-MM-dd/hour=HH/")
    kms_key = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition     = var.archive == null || try(regex("^arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.archive.bucket.arn)[0] == var.archive.bucket.name && !strcontains(var.archive.bucket.name, ".."), false)
    error_message = "archive.bucket must have the ARN of an S3 bucket and its name (3-63 small letters, digits, dots or hyphens), for example { arn = \"arn:aws:s3:::orders-archive\", name = \"orders-archive\" }. Received: ${jsonencode(var.archive)}."
  }

  validation {
    condition     = var.archive == null || (length(try(var.archive.prefix, "")) <= 512 && !startswith(try(var.archive.prefix, ""), "event-fork-replays/") && !can(regex("[*?{}]|[^\\x{20}-\\x{ff}]", var.archive.prefix)))
    error_message = "archive.prefix must be at most 512 characters up to U+00FF, without * ? { }, and not below event-fork-replays/ (where plans and progress lie), for example \"orders/\". Received: ${try(jsonencode(var.archive.prefix), "null")}."
  }

  validation {
    condition     = var.archive == null || try(var.archive.layout, "") == "" || (can(regex("^[^*?{}]*yyyy[^*?{}]*MM[^*?{}]*dd[^*?{}]*/$", var.archive.layout)) && try(length(var.archive.layout) <= 256, true))
    error_message = "archive.layout must have yyyy, MM and dd in this order and end with /, without * ? { }, in at most 256 characters, for example \"yyyy/MM/dd/HH/\". Received: ${try(jsonencode(var.archive.layout), "null")}."
  }

  validation {
    condition     = var.archive == null || length(var.roles.path) <= 155
    error_message = "roles.path must have at most 155 characters with archive: Step Functions takes ARNs of roles of at most 256. For example \"/event-forks/\". Received: \"${var.roles.path}\"."
  }

  validation {
    condition     = try(var.archive.kms_key, null) == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.archive.kms_key.arn))
    error_message = "archive.kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(try(var.archive.kms_key, null))}."
  }
}

variable "targets" {
  description = <<-EOT
    Queues that may be the target of a replay from the archive, standard or FIFO, in any account and Region; no plan can send elsewhere. A FIFO queue gets the events of a FIFO topic, those of each group in their order. null (default) = `destination_queue` alone. For example `[{ arn = aws_sqs_queue.shadow.arn, url = aws_sqs_queue.shadow.url }]`.
    - `arn`, `url`.
    - `kms_key_arn`: customer managed key of that queue; null = none.
    - `dead_letter_queue_arn`: its dead-letter queue, a FIFO one of a FIFO queue. Needed for a replay that shall stop when it grows (`--max-dead-letters`); null = not watched.
    - `idempotent`: its consumer may get an event twice and does its work once. Without it `event-fork replay plan` warns; the queue's tag `event-fork-idempotent` = `true` says the same.
    - `shadow`: nothing that counts hangs on it. `event-fork replay drill` and `replay shadow` send only to such queues. Default false.
    A queue of another account must let the roles in the outputs `archive_worker_role_arn` (`sqs:SendMessage`) and `archive_governor_role_arn` (`sqs:GetQueueAttributes`) in.
  EOT
  type = list(object({
    arn                   = string
    url                   = string
    kms_key_arn           = optional(string)
    dead_letter_queue_arn = optional(string)
    idempotent            = optional(bool, false)
    shadow                = optional(bool, false)
  }))
  default = null

  validation {
    condition     = var.targets == null || var.archive != null
    error_message = "targets is for a replay from the archive, so archive must be given too, for example archive = { bucket = { arn = module.backup.bucket_arn, name = module.backup.bucket_name } }. Received: archive = null."
  }

  validation {
    condition     = var.targets == null || (length(coalesce(var.targets, [])) >= 1 && length(coalesce(var.targets, [])) <= 20)
    error_message = "targets must have 1-20 queues, for example [{ arn = aws_sqs_queue.shadow.arn, url = aws_sqs_queue.shadow.url }]. Received ${length(coalesce(var.targets, []))}."
  }

  validation {
    condition     = alltrue([for target in coalesce(var.targets, []) : try(endswith(regex("^https?://.+$", target.url), "/${join("/", regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:([0-9]{12}):([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}[.]fifo)$", target.arn))}") && alltrue([for found in regexall("[./]([a-z]{2,}(?:-[a-z]+)+-[0-9]+)[.]", target.url) : found[0] == split(":", target.arn)[3]]), false)])
    error_message = "targets[*] must have the ARN of a queue and the URL of the same one, by Region, account and name. For example { arn = \"arn:aws:sqs:eu-west-1:123456789012:checkout\", url = \"https://sqs.eu-west-1.amazonaws.com/123456789012/checkout\" }. Received: ${jsonencode(var.targets)}."
  }

  validation {
    condition     = alltrue([for target in coalesce(var.targets, []) : try(split(":", target.kms_key_arn)[3] == split(":", target.arn)[3], true)])
    error_message = "targets[*].kms_key_arn must be a key of the queue's Region, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" for a queue in eu-west-1. Received: ${jsonencode(var.targets)}."
  }

  validation {
    condition     = alltrue([for arn in compact([for target in coalesce(var.targets, []) : try(target.kms_key_arn, null)]) : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "targets[*].kms_key_arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.targets)}."
  }

  validation {
    condition     = alltrue([for target in coalesce(var.targets, []) : can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:${endswith(target.arn, ".fifo") ? "[A-Za-z0-9_-]{1,75}[.]fifo" : "[A-Za-z0-9_-]{1,80}"}$", target.dead_letter_queue_arn)) if try(coalesce(target.dead_letter_queue_arn), null) != null])
    error_message = "targets[*].dead_letter_queue_arn must be the ARN of a standard queue, or of a FIFO queue when the target is one, for example \"arn:aws:sqs:eu-west-1:123456789012:checkout-dlq\". Received: ${jsonencode(var.targets)}."
  }

  validation {
    condition     = length(distinct([for target in coalesce(var.targets, []) : try(target.arn, null)])) == length(coalesce(var.targets, []))
    error_message = "targets must name each queue once, for example [{ arn = aws_sqs_queue.shadow.arn, url = aws_sqs_queue.shadow.url }]. Received: ${jsonencode(var.targets)}."
  }
}

variable "archive_worker" {
  description = <<-EOT
    Settings of the function that sends events from the archive (runtime and architecture are those of `function`), for example `{ memory_size = 1769 }`:
    - `memory_size`: MiB, 128-10240. Default 512, which holds the largest plan; its processor share grows with it: a whole processor is 1769.
    - `timeout_seconds`: 60-900. Default 900; a worker stops by itself 15 seconds before and the next one goes on.
  EOT
  type = object({
    memory_size     = optional(number, 512)
    timeout_seconds = optional(number, 900)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.archive_worker.memory_size >= 128 && var.archive_worker.memory_size <= 10240 && floor(var.archive_worker.memory_size) == var.archive_worker.memory_size
    error_message = "archive_worker.memory_size must be a whole number of MiB, 128-10240, for example 512. Received: ${var.archive_worker.memory_size}."
  }

  validation {
    condition     = var.archive_worker.timeout_seconds >= 60 && var.archive_worker.timeout_seconds <= 900 && floor(var.archive_worker.timeout_seconds) == var.archive_worker.timeout_seconds
    error_message = "archive_worker.timeout_seconds must be a whole number, 60-900, for example 900. Received: ${var.archive_worker.timeout_seconds}."
  }
}

################################################################################
# Alarms
################################################################################

variable "alarms" {
  description = <<-EOT
    CloudWatch alarms; null = none. With an object, an alarm says when the dead-letter queue is not empty, and with `archive` three more when a replay from it fails, gives up a part, or could not send some events. (No alarm watches the age of messages: they are meant to wait.)
    - `actions`: 1-5 ARNs to notify on alarm and on recovery (standard SNS topics of the same Region, functions, Systems Manager items), for example `{ actions = [aws_sns_topic.on_call.arn] }`.
    - `silent`: true with `actions = []` for alarms that notify nobody. Default false.
  EOT
  type = object({
    actions = list(string)
    silent  = optional(bool, false)
  })
  default = null
}
