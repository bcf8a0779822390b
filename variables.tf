# Made by `make docs` from the inputs of the modules: edit those. Only validations of maps are written here.

variable "topic_arn" {
  description = "ARN of the SNS topic to listen to, standard or FIFO. The topic itself is not changed. A topic of another account must allow this account `sns:Subscribe`; a topic of another Region needs `create_subscription = false`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:([A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}[.]fifo)$", var.topic_arn))
    error_message = "topic_arn must be the ARN of an SNS topic, for example \"arn:aws:sns:eu-west-1:123456789012:orders\". Received: \"${var.topic_arn}\"."
  }
}

variable "storage_backups" {
  description = "Archives to make, by name: every event to S3. The name (1-40 letters, digits, `-` or `_`) names queue, function and stream. Attributes are the inputs of [modules/storage-backup](modules/storage-backup/README.md), with the same defaults; {} takes them all. For example `{ orders-backup = { prefix = \"orders/\" } }`."
  type = map(object({
    kms_key = optional(object({ arn = string }))
    queue = optional(object({
      message_retention_seconds  = optional(number)
      visibility_timeout_seconds = optional(number)
      max_receive_count          = optional(number)
    }))
    function = optional(object({
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      runtime              = optional(string)
      architecture         = optional(string)
      reserved_concurrency = optional(number)
    }))
    log_retention_days = optional(number)
    event_source_mapping = optional(object({
      batch_size                      = optional(number)
      maximum_batching_window_seconds = optional(number)
      maximum_concurrency             = optional(number)
      provisioned_pollers             = optional(object({ minimum = optional(number), maximum = optional(number) }))
      enabled                         = optional(bool)
    }))
    stream_count         = optional(number)
    bucket_kms_key       = optional(object({ arn = string }))
    bucket_force_destroy = optional(bool)
    create_subscription  = optional(bool)
    filter_policy        = optional(string)
    filter_policy_scope  = optional(string)
    dead_letter_queue = optional(object({
      message_retention_seconds = optional(number)
      only_from_queue           = optional(bool)
    }))
    max_message_bytes = optional(number)
    undelivered_queue = optional(object({ arn = string }))
    replace_stores    = optional(string)
    log_level         = optional(string)
    tracing           = optional(bool)
    dashboard         = optional(bool)
    function_vpc      = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    tags              = optional(map(string))
    redact = optional(list(object({
      path      = optional(string)
      attribute = optional(string)
      subject   = optional(bool)
      detect    = optional(string)
      action    = optional(string)
      mask      = optional(string)
      keep_last = optional(number)
      embedded  = optional(bool)
      required  = optional(bool)
    })))
    ingest                = optional(string)
    record_format         = optional(string)
    pack_records          = optional(bool)
    compress_records      = optional(bool)
    environment_variables = optional(map(string))
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
    bucket = optional(object({ arn = string, name = string }))
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
      actions                    = list(string)
      silent                     = optional(bool)
      oldest_message_age_seconds = optional(number)
      delivery_delay_seconds     = optional(number)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(distinct([for key, fork in var.storage_backups : replace(lower(key), "-", "_") if try(fork.athena, null) != null && try(fork.athena.database, null) == null])) == length([for fork in var.storage_backups : fork if try(fork.athena, null) != null && try(fork.athena.database, null) == null])
    error_message = "storage_backups must have keys that differ in more than capitals and '-' for '_' where athena makes a Glue database, for example \"orders\" and \"payments\", or give one of them athena.database. Received: ${join(", ", keys(var.storage_backups))}."
  }

  validation {
    condition = anytrue([for tables in [[
      for key, fork in var.storage_backups : "${try(fork.athena.database.name, lower(replace(key, "-", "_")))}.${try(coalesce(fork.athena.table_name), "events")}" if fork == null ? false : fork.athena != null
    ]] : length(distinct(tables)) == length(tables)])
    error_message = "storage_backups must each have a Glue table of their own: give athena.table_name to those that share a database, for example { athena = { database = { name = \"lake\" }, table_name = \"orders\" } }. Received: ${join(", ", keys(var.storage_backups))}."
  }

  validation {
    condition     = alltrue([for key, fork in var.storage_backups : fork != null && can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", key))])
    error_message = "storage_backups must have keys of 1-40 letters, digits, '-' or '_' that begin with a letter or digit, and an object for each. For example { orders-backup = {} }. Received: ${join(", ", [for key, fork in var.storage_backups : fork == null ? "${key} = null" : key])}."
  }
}

variable "search_analytics" {
  description = "Search indexes to make, by name: every event to OpenSearch. Attributes are the inputs of [modules/search-analytics](modules/search-analytics/README.md), with the same defaults; `index_name` is required. For example `{ orders-search = { index_name = \"orders\" } }`."
  type = map(object({
    kms_key = optional(object({ arn = string }))
    queue = optional(object({
      message_retention_seconds  = optional(number)
      visibility_timeout_seconds = optional(number)
      max_receive_count          = optional(number)
    }))
    function = optional(object({
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      runtime              = optional(string)
      architecture         = optional(string)
      reserved_concurrency = optional(number)
    }))
    log_retention_days = optional(number)
    event_source_mapping = optional(object({
      batch_size                      = optional(number)
      maximum_batching_window_seconds = optional(number)
      maximum_concurrency             = optional(number)
      provisioned_pollers             = optional(object({ minimum = optional(number), maximum = optional(number) }))
      enabled                         = optional(bool)
    }))
    stream_count         = optional(number)
    bucket_kms_key       = optional(object({ arn = string }))
    bucket_force_destroy = optional(bool)
    create_subscription  = optional(bool)
    filter_policy        = optional(string)
    filter_policy_scope  = optional(string)
    dead_letter_queue = optional(object({
      message_retention_seconds = optional(number)
      only_from_queue           = optional(bool)
    }))
    max_message_bytes = optional(number)
    undelivered_queue = optional(object({ arn = string }))
    replace_stores    = optional(string)
    log_level         = optional(string)
    tracing           = optional(bool)
    dashboard         = optional(bool)
    function_vpc      = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    tags              = optional(map(string))
    redact = optional(list(object({
      path      = optional(string)
      attribute = optional(string)
      subject   = optional(bool)
      detect    = optional(string)
      action    = optional(string)
      mask      = optional(string)
      keep_last = optional(number)
      embedded  = optional(bool)
      required  = optional(bool)
    })))
    event_type_attribute   = optional(string)
    environment_variables  = optional(map(string))
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
      logs                  = optional(list(string))
      access_principal_arns = optional(list(string))
      given                 = optional(bool)
    }))
    vpc = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    index_management = optional(object({
      enabled        = optional(bool)
      mappings       = optional(string)
      settings       = optional(string)
      priority       = optional(number)
      alias          = optional(string)
      retention_days = optional(number)
      dashboards = optional(object({
        numbers = optional(list(string))
        values  = optional(list(string))
        tenant  = optional(string)
      }))
      map_delivery_role  = optional(bool)
      credentials_secret = optional(object({ arn = string, kms_key_arn = optional(string) }))
    }))
    s3_backup_mode = optional(string)
    prefix         = optional(string)
    compression    = optional(string)
    bucket         = optional(object({ arn = string, name = string }))
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
      actions                    = list(string)
      silent                     = optional(bool)
      oldest_message_age_seconds = optional(number)
      delivery_delay_seconds     = optional(number)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition = anytrue([for domains in [[
      for key, fork in var.search_analytics : try(coalesce(fork.new_domain.name), key) if fork == null ? false : fork.domain == null
    ]] : length(distinct(domains)) == length(domains)])
    error_message = "search_analytics must have a domain of another name for each that makes one (new_domain.name, or the key), or share one by domain, for example { new_domain = { name = \"orders\" } }. Received: ${join(", ", keys(var.search_analytics))}."
  }

  validation {
    condition     = alltrue([for key, fork in var.search_analytics : fork != null && can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", key))])
    error_message = "search_analytics must have keys of 1-40 letters, digits, '-' or '_' that begin with a letter or digit, and an object for each. For example { orders-search = { index_name = \"orders\" } }. Received: ${join(", ", [for key, fork in var.search_analytics : fork == null ? "${key} = null" : key])}."
  }
}

variable "replays" {
  description = "Replays to make, by name: events of the last 14 days, held until they are sent to the regular pipeline again. Attributes are the inputs of [modules/replay](modules/replay/README.md), with the same defaults; `destination_queue` is required. For example `{ orders-replay = { destination_queue = { arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url } } }`."
  type = map(object({
    create_subscription = optional(bool)
    filter_policy       = optional(string)
    filter_policy_scope = optional(string)
    dead_letter_queue = optional(object({
      message_retention_seconds = optional(number)
      only_from_queue           = optional(bool)
    }))
    max_message_bytes    = optional(number)
    undelivered_queue    = optional(object({ arn = string }))
    replace_stores       = optional(string)
    log_level            = optional(string)
    tracing              = optional(bool)
    dashboard            = optional(bool)
    function_vpc         = optional(object({ subnet_ids = list(string), security_group_ids = list(string) }))
    tags                 = optional(map(string))
    raw_message_delivery = optional(bool)
    retention_seconds    = optional(number)
    kms_key              = optional(object({ arn = string }))
    queue = optional(object({
      visibility_timeout_seconds = optional(number)
      max_receive_count          = optional(number)
    }))
    function = optional(object({
      memory_size          = optional(number)
      timeout_seconds      = optional(number)
      runtime              = optional(string)
      architecture         = optional(string)
      reserved_concurrency = optional(number)
    }))
    environment_variables = optional(map(string))
    log_retention_days    = optional(number)
    enabled               = optional(bool)
    event_source_mapping = optional(object({
      batch_size                      = optional(number)
      maximum_batching_window_seconds = optional(number)
      maximum_concurrency             = optional(number)
      provisioned_pollers             = optional(object({ minimum = optional(number), maximum = optional(number) }))
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
      layout  = optional(string)
      kms_key = optional(object({ arn = string }))
    }))
    targets = optional(list(object({
      arn                   = string
      url                   = string
      kms_key_arn           = optional(string)
      dead_letter_queue_arn = optional(string)
      idempotent            = optional(bool)
      shadow                = optional(bool)
    })))
    archive_worker = optional(object({
      memory_size     = optional(number)
      timeout_seconds = optional(number)
    }))
    alarms = optional(object({
      actions = list(string)
      silent  = optional(bool)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition = anytrue([for names in [flatten([
      [for key in concat(keys(var.storage_backups), keys(var.search_analytics)) : [key, "${key}-dlq", "${key}-firehose"]],
      [for key, fork in var.storage_backups : "${key}-sns" if try(fork.ingest, null) == "direct"],
      [for forks in [var.storage_backups, var.search_analytics] : [for key, fork in forks : [for number in range(2, try(min(50, max(1, fork.stream_count)), 1) + 1) : "${key}-stream-${number}"]]],
      [for key in keys(var.search_analytics) : "${key}-index"],
      [for key, fork in var.replays : try(fork.archive, null) == null ? [key, "${key}-dlq"] : [key, "${key}-dlq", "${key}-archive", "${key}-replay-worker", "${key}-replay-governor"]],
    ])] : length(distinct([for name in names : lower(name)])) == length(names)])
    error_message = "Keys of storage_backups, search_analytics and replays must be unique, capitals apart, as names of IAM roles are, also beside names that the module makes from other keys. Those are KEY-dlq, KEY-firehose (backup and search), KEY-sns (ingest = \"direct\"), KEY-stream-2 and so on (stream_count), KEY-index (search), KEY-archive, KEY-replay-worker and KEY-replay-governor (replay with archive). For example \"orders-backup\" and \"orders-replay\". Received: ${join(", ", concat(keys(var.storage_backups), keys(var.search_analytics), keys(var.replays)))}."
  }

  validation {
    condition     = alltrue([for key, fork in var.replays : fork != null && can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", key))])
    error_message = "replays must have keys of 1-40 letters, digits, '-' or '_' that begin with a letter or digit, and an object for each. For example { orders-replay = { destination_queue = { arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url } } }. Received: ${join(", ", [for key, fork in var.replays : fork == null ? "${key} = null" : key])}."
  }
}

variable "dashboard" {
  description = "Whether CloudWatch gets one dashboard of all forks, `<topic>-<region>-event-forks`: events, lag and failures of each, and what SNS counts of the topic. Default false: the first 3 dashboards of an account are free, others cost 3 dollars a month."
  type        = bool
  default     = false
  nullable    = false
}

variable "lambda_package" {
  description = <<-EOT
    Code of the function; {} = the package that comes with this module. Either `filename` (a zip on this machine) or `s3_bucket` and `s3_key` (and `s3_object_version`). For example `{ s3_bucket = "builds", s3_key = "event_fork.zip" }`.
    `source_code_hash` (base64 SHA-256) is computed from the file; give it for a package in S3, or for a file that is made during the same apply.
  EOT
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    source_code_hash  = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = (var.lambda_package.s3_bucket == null) == (var.lambda_package.s3_key == null)
    error_message = "lambda_package.s3_bucket and lambda_package.s3_key must be given together, for example { s3_bucket = \"builds\", s3_key = \"audit.zip\" }. Received: s3_bucket = ${jsonencode(var.lambda_package.s3_bucket)}, s3_key = ${jsonencode(var.lambda_package.s3_key)}."
  }

  validation {
    condition     = var.lambda_package.filename == null || var.lambda_package.s3_bucket == null
    error_message = "lambda_package must have either filename or s3_bucket, for example { filename = \"audit.zip\" }. Received: filename = ${jsonencode(var.lambda_package.filename)}, s3_bucket = ${jsonencode(var.lambda_package.s3_bucket)}."
  }

  validation {
    condition     = var.lambda_package.s3_object_version == null || var.lambda_package.s3_bucket != null
    error_message = "lambda_package.s3_object_version must stand beside s3_bucket and s3_key, for example { s3_bucket = \"builds\", s3_key = \"audit.zip\", s3_object_version = \"3sL4kqtJlcpXroDTDmJ\" }. Received: s3_object_version = ${jsonencode(var.lambda_package.s3_object_version)}."
  }

  validation {
    condition     = can(regex("^[0-9A-Za-z._-]{2,62}[0-9A-Za-z_-]$", coalesce(var.lambda_package.s3_bucket, "builds"))) && try(length(var.lambda_package.s3_key) >= 1 && length(var.lambda_package.s3_key) <= 1024, var.lambda_package.s3_key == null)
    error_message = "lambda_package.s3_bucket must be the name of a bucket, 3-63 letters, digits or ._-, and s3_key 1-1024 characters, for example { s3_bucket = \"builds\", s3_key = \"audit.zip\" }. Received: s3_bucket = ${jsonencode(var.lambda_package.s3_bucket)}, s3_key = ${jsonencode(var.lambda_package.s3_key)}."
  }

  validation {
    condition     = var.lambda_package.filename == null || var.lambda_package.source_code_hash != null || fileexists(coalesce(var.lambda_package.filename, "-"))
    error_message = "lambda_package.filename must be a file on this machine, for example \"$${path.module}/audit.zip\": build it before terraform plan, or give source_code_hash too when it is made during apply. Received: ${jsonencode(var.lambda_package.filename)}."
  }
}

variable "powertools_layer_arn" {
  description = "ARN of a layer version with Powertools for AWS Lambda (Python); null = AWS's public layer, version 27 (Powertools 3.23.0), for python3.10 to python3.14 on both architectures. GovCloud and cn-north-1 have it; cn-northwest-1, ca-west-1, ap-east-2 and ap-southeast-6 do not, so copy it there and give the copy here. \"\" = no such layer."
  type        = string
  default     = null

  validation {
    condition     = contains(["", "-"], coalesce(var.powertools_layer_arn, "-")) || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.powertools_layer_arn))
    error_message = "powertools_layer_arn must be the ARN of a layer version, for example \"arn:aws:lambda:eu-west-1:123456789012:layer:powertools:1\", \"\" for none or null for AWS's public layer. Received: \"${coalesce(var.powertools_layer_arn, "null")}\"."
  }
}

variable "log_kms_key" {
  description = "Customer managed key for the log groups; null = encryption by CloudWatch Logs. The key must be in the fork's Region, and its policy must let `logs.<region>.amazonaws.com` use `kms:Encrypt*`, `kms:Decrypt*`, `kms:ReEncrypt*`, `kms:GenerateDataKey*` and `kms:Describe*`. For example `{ arn = aws_kms_key.events.arn }`."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.log_kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.log_kms_key.arn))
    error_message = "log_kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.log_kms_key)}."
  }
}

variable "roles" {
  description = <<-EOT
    Settings of the IAM roles, for example `{ path = "/event-forks/" }`:
    - `permissions_boundary`: ARN of the managed policy that bounds what they may do, for organisations that allow no role without one. Default null = none.
    - `path`: IAM path of the roles, for example `/event-forks/`. Default `/`. A new path replaces the roles, and with `vpc` of search-analytics the delivery stream with what is in its buffer: then `replace_stores` must allow it.
  EOT
  type = object({
    permissions_boundary = optional(string)
    path                 = optional(string, "/")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.roles.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-)+->@-~]+$", var.roles.permissions_boundary))
    error_message = "roles.permissions_boundary must be the ARN of a managed policy, for example \"arn:aws:iam::123456789012:policy/boundary\". Received: ${jsonencode(var.roles.permissions_boundary)}."
  }

  validation {
    condition     = can(regex("^/([A-Za-z0-9_+=,.@/-]{1,510}/)?$", var.roles.path))
    error_message = "roles.path must begin and end with \"/\" and have at most 512 letters, digits or _+=,.@/-, for example \"/event-forks/\". Received: \"${var.roles.path}\"."
  }
}

variable "tags" {
  description = "Tags for everything that can have them, for example `{ team = \"shop\" }`. At most 50."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50 && length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags) && alltrue([for key, value in var.tags : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && !startswith(lower(key), "aws:") && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))])
    error_message = "tags must be at most 50, with keys of 1-128 characters that differ in more than capitals and do not begin with \"aws:\", and values of at most 256 characters. All are letters, digits, spaces or _.:/=+-@, for example { team = \"shop\" }. Received ${length(var.tags)}: ${jsonencode(var.tags)}."
  }
}
