################################################################################
# Topic
################################################################################

variable "topic_arn" {
  description = "ARN of the SNS topic that all forks listen to. The topic itself is not changed."
  type        = string
  nullable    = false
}

################################################################################
# Storage and backup
################################################################################

variable "storage_backups" {
  description = "Archives to make, by name: every event to S3. The name (1-40 letters, digits, `-` or `_`) names queue, function and stream. Attributes are the inputs of [modules/storage-backup](modules/storage-backup/README.md), with the same defaults; {} takes them all."
  type = map(object({
    create_subscription = optional(bool)
    filter_policy       = optional(string)
    filter_policy_scope = optional(string)
    kms_key             = optional(object({ arn = string }))
    queue = optional(object({
      message_retention_seconds  = optional(number)
      visibility_timeout_seconds = optional(number)
      max_receive_count          = optional(number)
    }))
    dead_letter_queue = optional(object({
      message_retention_seconds = optional(number)
      only_from_queue           = optional(bool)
    }))
    function = optional(object({
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      runtime              = optional(string)
      architecture         = optional(string)
      reserved_concurrency = optional(number)
    }))
    record_format = optional(string)
    pack_records  = optional(bool)
    redact = optional(list(object({
      path   = string
      action = optional(string)
      mask   = optional(string)
    })))
    environment_variables = optional(map(string))
    log_level             = optional(string)
    log_retention_days    = optional(number)
    event_source_mapping = optional(object({
      batch_size                      = optional(number)
      maximum_batching_window_seconds = optional(number)
      maximum_concurrency             = optional(number)
      enabled                         = optional(bool)
    }))
    buffering = optional(object({
      interval_seconds = optional(number)
      size_mib         = optional(number)
    }))
    prefix = optional(string)
    partition_by = optional(object({
      keys = list(object({
        attribute = optional(string)
        body      = optional(string)
        column    = optional(string)
        default   = optional(string)
        values    = optional(list(string))
      }))
      retry_duration_seconds = optional(number)
    }))
    format      = optional(string)
    compression = optional(string)
    transformation_function = optional(object({
      arn                     = string
      buffer_size_mib         = optional(number)
      buffer_interval_seconds = optional(number)
      retries                 = optional(number)
    }))
    bucket               = optional(object({ arn = string, name = string }))
    bucket_kms_key       = optional(object({ arn = string }))
    bucket_force_destroy = optional(bool)
    lifecycle_rules = optional(list(object({
      id      = string
      prefix  = optional(string)
      enabled = optional(bool)
      transitions = optional(list(object({
        days          = number
        storage_class = string
      })))
      expiration_days                    = optional(number)
      noncurrent_version_expiration_days = optional(number)
    })))
    athena = optional(object({
      database             = optional(object({ name = string }))
      table_name           = optional(string)
      workgroup            = optional(object({ name = string }))
      first_date           = optional(string)
      results_location     = optional(string)
      bytes_scanned_limit  = optional(number)
      event_type_attribute = optional(string)
    }))
    alarms = optional(object({
      actions                    = optional(list(string))
      oldest_message_age_seconds = optional(number)
      delivery_delay_seconds     = optional(number)
    }))
    tags = optional(map(string))
  }))
  default  = {}
  nullable = false
}

################################################################################
# Search and analytics
################################################################################

variable "search_analytics" {
  description = "Search indexes to make, by name: every event to OpenSearch. Attributes are the inputs of [modules/search-analytics](modules/search-analytics/README.md), with the same defaults; `index_name` is required."
  type = map(object({
    create_subscription = optional(bool)
    filter_policy       = optional(string)
    filter_policy_scope = optional(string)
    kms_key             = optional(object({ arn = string }))
    queue = optional(object({
      message_retention_seconds  = optional(number)
      visibility_timeout_seconds = optional(number)
      max_receive_count          = optional(number)
    }))
    dead_letter_queue = optional(object({
      message_retention_seconds = optional(number)
      only_from_queue           = optional(bool)
    }))
    function = optional(object({
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      runtime              = optional(string)
      architecture         = optional(string)
      reserved_concurrency = optional(number)
    }))
    event_type_attribute = optional(string)
    redact = optional(list(object({
      path   = string
      action = optional(string)
      mask   = optional(string)
    })))
    environment_variables = optional(map(string))
    log_level             = optional(string)
    log_retention_days    = optional(number)
    event_source_mapping = optional(object({
      batch_size                      = optional(number)
      maximum_batching_window_seconds = optional(number)
      maximum_concurrency             = optional(number)
      enabled                         = optional(bool)
    }))
    index_name             = string
    index_rotation_period  = optional(string)
    document_id            = optional(string)
    retry_duration_seconds = optional(number)
    buffering = optional(object({
      interval_seconds = optional(number)
      size_mib         = optional(number)
    }))
    transformation_function = optional(object({
      arn                     = string
      buffer_size_mib         = optional(number)
      buffer_interval_seconds = optional(number)
      retries                 = optional(number)
    }))
    domain = optional(object({ arn = string, endpoint = string }))
    new_domain = optional(object({
      name                  = optional(string)
      engine_version        = optional(string)
      instance_type         = optional(string)
      instance_count        = optional(number)
      zone_count            = optional(number)
      master_type           = optional(string)
      master_count          = optional(number)
      volume_size_gib       = optional(number)
      kms_key               = optional(object({ arn = string }))
      master_user_arn       = optional(string)
      access_principal_arns = optional(list(string))
    }))
    vpc                  = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    s3_backup_mode       = optional(string)
    prefix               = optional(string)
    compression          = optional(string)
    bucket               = optional(object({ arn = string, name = string }))
    bucket_kms_key       = optional(object({ arn = string }))
    bucket_force_destroy = optional(bool)
    lifecycle_rules = optional(list(object({
      id      = string
      prefix  = optional(string)
      enabled = optional(bool)
      transitions = optional(list(object({
        days          = number
        storage_class = string
      })))
      expiration_days                    = optional(number)
      noncurrent_version_expiration_days = optional(number)
    })))
    alarms = optional(object({
      actions                    = optional(list(string))
      oldest_message_age_seconds = optional(number)
      delivery_delay_seconds     = optional(number)
    }))
    tags = optional(map(string))
  }))
  default  = {}
  nullable = false
}

################################################################################
# Replay
################################################################################

variable "replays" {
  description = "Replays to make, by name: events of the last 14 days, held until they are sent to the regular pipeline again. Attributes are the inputs of [modules/replay](modules/replay/README.md), with the same defaults; `destination_queue` is required."
  type = map(object({
    create_subscription  = optional(bool)
    filter_policy        = optional(string)
    filter_policy_scope  = optional(string)
    raw_message_delivery = optional(bool)
    retention_seconds    = optional(number)
    kms_key              = optional(object({ arn = string }))
    queue = optional(object({
      visibility_timeout_seconds = optional(number)
      max_receive_count          = optional(number)
    }))
    dead_letter_queue = optional(object({
      message_retention_seconds = optional(number)
      only_from_queue           = optional(bool)
    }))
    function = optional(object({
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      runtime              = optional(string)
      architecture         = optional(string)
      reserved_concurrency = optional(number)
    }))
    environment_variables = optional(map(string))
    log_level             = optional(string)
    log_retention_days    = optional(number)
    enabled               = optional(bool)
    event_source_mapping = optional(object({
      batch_size                      = optional(number)
      maximum_batching_window_seconds = optional(number)
      maximum_concurrency             = optional(number)
    }))
    destination_queue = object({
      arn         = string
      url         = string
      kms_key_arn = optional(string)
    })
    replay_id = optional(string)
    archive = optional(object({
      bucket  = object({ arn = string, name = string })
      prefix  = optional(string)
      kms_key = optional(object({ arn = string }))
    }))
    targets = optional(list(object({
      arn                   = string
      url                   = string
      kms_key_arn           = optional(string)
      dead_letter_queue_arn = optional(string)
    })))
    archive_worker = optional(object({
      memory_size     = optional(number)
      timeout_seconds = optional(number)
    }))
    alarms = optional(object({
      actions = optional(list(string))
    }))
    tags = optional(map(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setunion(keys(var.storage_backups), keys(var.search_analytics), keys(var.replays))) == length(var.storage_backups) + length(var.search_analytics) + length(var.replays)
    error_message = "Names must be unique among storage_backups, search_analytics and replays, for example \"orders-backup\" and \"orders-replay\": queues and functions are named after them. Received: ${join(", ", concat(keys(var.storage_backups), keys(var.search_analytics), keys(var.replays)))}."
  }
}

################################################################################
# For all forks
################################################################################

variable "lambda_package" {
  description = "Code of the functions of all forks; {} = the package that comes with this module. Either `filename` (a zip on this machine) or `s3_bucket` and `s3_key` (and `s3_object_version`), and `source_code_hash`."
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    source_code_hash  = optional(string)
  })
  default  = {}
  nullable = false
}

variable "powertools_layer_arn" {
  description = "ARN of a layer version with Powertools for AWS Lambda (Python), for the functions of all forks; null = AWS's public layer."
  type        = string
  default     = null
}

variable "log_kms_key" {
  description = "Customer managed key for the log groups; null = encryption by CloudWatch Logs. Its policy must let `logs.<region>.amazonaws.com` use `kms:Encrypt*`, `kms:Decrypt*`, `kms:ReEncrypt*`, `kms:GenerateDataKey*` and `kms:Describe*`."
  type        = object({ arn = string })
  default     = null
}

variable "roles" {
  description = <<-EOT
    Settings of the IAM roles:
    - `permissions_boundary`: ARN of the managed policy that bounds what they may do, for organisations that allow no role without one. Default null = none.
    - `path`: IAM path of the roles, for example `/event-forks/`. Default `/`.
  EOT
  type = object({
    permissions_boundary = optional(string)
    path                 = optional(string, "/")
  })
  default  = {}
  nullable = false
}

variable "tags" {
  description = "Tags for everything that can have them; the `tags` of a fork are added to them."
  type        = map(string)
  default     = {}
  nullable    = false
}
