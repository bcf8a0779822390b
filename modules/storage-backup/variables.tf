################################################################################
# Way of the events
################################################################################

variable "ingest" {
  description = <<-EOT
    How events come to the delivery stream; the archive is the same:
    - `queue` (default): through a queue and a function, which packs, compresses, redacts and sets aside what cannot be stored.
    - `direct`: SNS writes to the stream itself. There is no queue and no function to run, and the price is that of single records ([costs](../../docs/costs.md)). `redact` runs as a transformation of the stream. For standard topics, `record_format = "envelope"`; without `queue`, `event_source_mapping`, `stream_count`, `pack_records`, `compress_records`, `create_subscription = false` and `dashboard`, and with either `redact` or `transformation_function`. What SNS cannot hand over goes to the dead-letter queue; what cannot be redacted lies under `errors/`. Without `redact` each line keeps SNS's `UnsubscribeURL`, with which a reader of the archive could end the subscription.
    A change from `queue` to `direct` removes the queue: `replace_stores` must allow it.
  EOT
  type        = string
  default     = "queue"
  nullable    = false

  validation {
    condition     = contains(["queue", "direct"], var.ingest)
    error_message = "ingest must be \"queue\" or \"direct\", for example \"queue\". Received: \"${var.ingest}\"."
  }

  validation {
    condition     = var.ingest != "direct" || (!endswith(var.topic_arn, ".fifo") && var.create_subscription)
    error_message = "ingest must be \"queue\" for a FIFO topic and with create_subscription = false, for example \"queue\": SNS writes to streams from standard topics only, under a role of the module's subscription. Received: ingest = \"${var.ingest}\", topic_arn = \"${var.topic_arn}\", create_subscription = ${var.create_subscription}."
  }

  validation {
    condition     = var.ingest != "direct" || (var.record_format == "envelope" && var.pack_records == null && var.compress_records == null && !var.dashboard)
    error_message = "ingest must be \"queue\" with record_format = \"raw\", pack_records, compress_records or dashboard = true, for example \"queue\": there is no function that could pack, and SNS ends no raw message with a line feed. Received: ingest = \"${var.ingest}\", record_format = \"${var.record_format}\", pack_records = ${jsonencode(var.pack_records)}, compress_records = ${jsonencode(var.compress_records)}, dashboard = ${var.dashboard}."
  }

  validation {
    condition = var.ingest != "direct" || (
      jsonencode(var.queue) == jsonencode({ message_retention_seconds = 345600, visibility_timeout_seconds = null, max_receive_count = 5 })
      && jsonencode(var.event_source_mapping) == jsonencode({ batch_size = 1000, maximum_batching_window_seconds = 5, maximum_concurrency = null, provisioned_pollers = null, enabled = true })
    )
    error_message = "ingest must be \"queue\" with settings of queue or event_source_mapping, for example \"queue\": SNS writes to the stream itself. Received: ingest = \"${var.ingest}\", queue = ${jsonencode(var.queue)}, event_source_mapping = ${jsonencode(var.event_source_mapping)}."
  }

  validation {
    condition     = var.ingest != "direct" || var.stream_count == 1
    error_message = "ingest must be \"queue\" with a stream_count above 1, for example \"queue\": a subscription writes to one stream. Received: ingest = \"${var.ingest}\", stream_count = ${var.stream_count}."
  }

  validation {
    condition     = var.ingest != "direct" || length(var.redact) == 0 || (var.transformation_function == null && var.function.timeout_seconds <= 300)
    error_message = "ingest must be \"queue\" with both redact and transformation_function, and with a function.timeout_seconds above 300, for example \"queue\": a stream has one transformation, of 5 minutes at most. Received: ingest = \"${var.ingest}\", transformation_function = ${jsonencode(var.transformation_function)}, function.timeout_seconds = ${var.function.timeout_seconds}."
  }
}

################################################################################
# Function
################################################################################

variable "record_format" {
  description = "What is stored of an event: `envelope` (SNS's envelope: id, time, topic, subject, attributes and message; one JSON line) or `raw` (the message only). Replay from the archive, Athena and `partition_by` need `envelope`."
  type        = string
  default     = "envelope"
  nullable    = false

  validation {
    condition     = contains(["envelope", "raw"], var.record_format)
    error_message = "record_format must be \"envelope\" or \"raw\", for example \"envelope\". Received: \"${var.record_format}\"."
  }
}

variable "pack_records" {
  description = "Whether several events share a Firehose record, which Firehose bills in steps of 5 KB. null = yes, unless a transformation function or Parquet is asked for, since both work on whole records. With `partition_by` always yes: Firehose takes records of at most 500 events apart before anything else."
  type        = bool
  default     = null
}

variable "compress_records" {
  description = <<-EOT
    Whether the function compresses the events (gzip), and not Firehose. Firehose bills what goes in and limits it to a rate, so both then count compressed bytes. The objects are GZIP files either way. null = yes where it can be: `compression` GZIP, packed records, and neither `partition_by`, `transformation_function` nor Parquet, which have to read the events on their way. To change it while events come, follow the README: the objects of these minutes are mixed otherwise.
  EOT
  type        = bool
  default     = null

  validation {
    condition     = var.compress_records != true || (var.pack_records != false && coalesce(var.compression, "GZIP") == "GZIP" && var.format == "json" && var.partition_by == null && var.transformation_function == null)
    error_message = "compress_records must be false or null with partition_by, with transformation_function, with format = \"parquet\", with pack_records = false and with a compression other than \"GZIP\", for example null, which compresses where it can. Received: compress_records = true."
  }
}

variable "environment_variables" {
  description = "Environment variables for the function, 3700 bytes as JSON, with the rules of `redact`. They win over `POWERTOOLS_SERVICE_NAME`, `POWERTOOLS_METRICS_NAMESPACE`, `POWERTOOLS_LOG_LEVEL` and `POWERTOOLS_TRACE_DISABLED`, which the module sets. `DEAD_LETTER_QUEUE_URL`, `DEAD_LETTER_QUEUE_MAX_BYTES`, `DELIVERY_STREAM_NAME`, `DELIVERY_STREAM_COUNT`, `RECORD_FORMAT`, `PACK_RECORDS`, `COMPRESS_RECORDS`, `MAX_EVENTS_PER_RECORD` and `REDACT` are the module's."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.environment_variables), ["DELIVERY_STREAM_NAME", "DELIVERY_STREAM_COUNT", "RECORD_FORMAT", "PACK_RECORDS", "COMPRESS_RECORDS", "MAX_EVENTS_PER_RECORD", "REDACT"])) == 0
    error_message = "environment_variables must not have DELIVERY_STREAM_NAME, DELIVERY_STREAM_COUNT, RECORD_FORMAT, PACK_RECORDS, COMPRESS_RECORDS, MAX_EVENTS_PER_RECORD or REDACT: the module sets them from its own inputs, for example record_format = \"raw\". Received: ${join(", ", keys(var.environment_variables))}."
  }
}

################################################################################
# Delivery stream
################################################################################

variable "buffering" {
  description = <<-EOT
    When Firehose delivers, whichever comes first, for example `{ interval_seconds = 60, size_mib = 64 }`:
    - `interval_seconds`: 0-900. Default 300. With `partition_by` at least 60.
    - `size_mib`: 1-128, before Firehose's compression. Default null = 5, or 64 with `partition_by`, or 128 with Parquet; for these two Firehose takes no less than 64. With `partition_by` every partition has a buffer of its own.
  EOT
  type = object({
    interval_seconds = optional(number, 300)
    size_mib         = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.buffering.interval_seconds >= 0 && var.buffering.interval_seconds <= 900 && floor(var.buffering.interval_seconds) == var.buffering.interval_seconds
    error_message = "buffering.interval_seconds must be a whole number, 0-900, for example 300. Received: ${var.buffering.interval_seconds}."
  }

  validation {
    condition     = try(var.buffering.size_mib >= 1 && var.buffering.size_mib <= 128 && floor(var.buffering.size_mib) == var.buffering.size_mib, var.buffering.size_mib == null)
    error_message = "buffering.size_mib must be a whole number, 1-128, for example 5. Received: ${try(coalesce(var.buffering.size_mib), "null")}."
  }

  validation {
    condition     = var.partition_by == null || var.buffering.interval_seconds >= 60
    error_message = "buffering.interval_seconds must be at least 60 with partition_by, for example 300: Firehose makes no partitions without a buffer. Received: ${var.buffering.interval_seconds}."
  }

  validation {
    condition     = (var.partition_by == null && var.format != "parquet") || try(var.buffering.size_mib >= 64, var.buffering.size_mib == null)
    error_message = "buffering.size_mib must be at least 64 with partition_by and with format = \"parquet\", for example null, which takes a value that fits. Received: ${try(coalesce(var.buffering.size_mib), "null")}."
  }
}

variable "prefix" {
  description = "Prefix of all object keys: `<prefix>date=yyyy-MM-dd/hour=HH/...` (UTC, arrival at Firehose); what cannot be transformed, filed or converted goes to `errors/<prefix><kind>/date=yyyy-MM-dd/...`. Empty, or ending with `/`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_.=+@-][A-Za-z0-9_.=+@/-]{0,698}/)?$", var.prefix)) && !can(regex("^(errors|athena-results|event-fork-replays)/", var.prefix))
    error_message = "prefix must be empty, or at most 700 letters, digits and _.=+@-/ that end with \"/\" and do not begin with \"/\", \"errors/\", \"athena-results/\" (deleted after 30 days) or \"event-fork-replays/\" (the replays' own), for example \"orders/\". Received: \"${var.prefix}\"."
  }
}

variable "partition_by" {
  description = <<-EOT
    What events are filed under besides day and hour; null = nothing. With `{ keys = [{ attribute = "event_type" }] }` an event lies under `<prefix>event_type=order.placed/date=yyyy-MM-dd/hour=HH/`, so types can be read, expired and granted access to separately. Firehose finds the values (dynamic partitioning).
    - `keys`: 1-3 keys in the order of the folders, each with:
      - `attribute` (name of a message attribute) or `body` (jq path into the message, which is JSON: `.order.type`, `.items[0]["unit price"]`).
      - `column`: name of folder and column. Default: attribute or path in lower case, with `_` for what is not a letter or digit (`order_type`). It cannot be a column that the table has, such as `type`.
      - `default`: value for events without one. Default `unknown`.
      - `values`: the values that may occur, 1-50; any other is filed under the default. Athena then reads all of them without being told which (projection of type enum). Default null = any value; then every query must say `<column> = '...'` (type injected), which costs nothing however many values there are.
    - `retry_duration_seconds`: how long Firehose tries again when finding the values fails, 0-7200. Default 300.
    In a value, all but letters, digits and `._-` become `_`, and what is over 96 characters is cut off; the event itself keeps it as it was. Numbers above 9007199254740992 (2^53) lose digits in Firehose's jq 1.6, so that different ids share a folder: publish such ids as text, or in an attribute. Firehose has at most 500 partitions open at a time (a quota that AWS raises): events of further ones go to the error prefix, so choose something of few values.
    Set it when the fork is made. Turned on or off later, it replaces the delivery stream, and what is in the old stream's buffer is lost: make a new fork beside the old one instead, or allow it by `replace_stores`. It costs extra per GB and per object.
  EOT
  type = object({
    keys = list(object({
      attribute = optional(string)
      body      = optional(string)
      column    = optional(string)
      default   = optional(string, "unknown")
      values    = optional(list(string))
    }))
    retry_duration_seconds = optional(number, 300)
  })
  default = null

  validation {
    condition     = var.partition_by == null || try(length(var.partition_by.keys) >= 1 && length(var.partition_by.keys) <= 3 && alltrue([for key in var.partition_by.keys : key != null]), false)
    error_message = "partition_by.keys must have 1-3 keys, for example [{ attribute = \"event_type\" }]. Received ${try(length(var.partition_by.keys), 0)}: ${jsonencode(try(var.partition_by.keys, null))}."
  }

  validation {
    condition     = alltrue([for key in try([for key in var.partition_by.keys : key if key != null], []) : (key.attribute == null) != (key.body == null)])
    error_message = "partition_by.keys[*] must have either attribute or body, for example { attribute = \"event_type\" } or { body = \".order.type\" }. Received: ${try(jsonencode(var.partition_by.keys), "null")}."
  }

  validation {
    condition     = alltrue([for key in try([for key in var.partition_by.keys : key if key != null], []) : key.attribute == null || can(regex("^[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-])?$", key.attribute))])
    error_message = "partition_by.keys[*].attribute must be the name of a message attribute: 1-256 letters, digits or _-., no period at either end, for example \"event_type\". Received: ${try(jsonencode(var.partition_by.keys[*].attribute), "null")}."
  }

  validation {
    condition     = alltrue([for key in try([for key in var.partition_by.keys : key if key != null], []) : key.body == null || can(regex("^[.]([A-Za-z_][A-Za-z0-9_]*|\\[\"[^\"\\\\[:cntrl:]]+\"\\])([.][A-Za-z_][A-Za-z0-9_]*|\\[\"[^\"\\\\[:cntrl:]]+\"\\]|\\[[0-9]+\\])*$", key.body))])
    error_message = "partition_by.keys[*].body must be a jq path made of .name, [\"name\"] and [0] that begins with a period, for example \".order.type\" or \".[\"order type\"][0]\". Received: ${try(jsonencode(var.partition_by.keys[*].body), "null")}."
  }

  validation {
    condition     = alltrue([for value in flatten([for key in try([for key in var.partition_by.keys : key if key != null], []) : concat([key.default], key.values == null ? [] : key.values)]) : can(regex("^[A-Za-z0-9._-]{1,96}$", value))])
    error_message = "partition_by.keys[*].default and values must be of 1-96 letters, digits or ._- each, as they are in object keys, for example \"order.placed\". Received: ${try(jsonencode(var.partition_by.keys), "null")}."
  }

  validation {
    condition     = alltrue([for key in try([for key in var.partition_by.keys : key if key != null], []) : key.values == null ? true : length(key.values) >= 1 && length(key.values) <= 50 && length(distinct(key.values)) == length(key.values)])
    error_message = "partition_by.keys[*].values must be 1-50 different values, for example [\"order.placed\", \"order.cancelled\"]; null takes any. Received: ${try(jsonencode(var.partition_by.keys[*].values), "null")}."
  }

  validation {
    condition     = try(var.partition_by.retry_duration_seconds >= 0 && var.partition_by.retry_duration_seconds <= 7200 && floor(var.partition_by.retry_duration_seconds) == var.partition_by.retry_duration_seconds, true)
    error_message = "partition_by.retry_duration_seconds must be a whole number, 0-7200, for example 300. Received: ${try(var.partition_by.retry_duration_seconds, 300)}."
  }

  validation {
    condition     = var.partition_by == null || var.record_format == "envelope"
    error_message = "partition_by needs record_format = \"envelope\": attributes and message are found in the envelope. For example record_format = \"envelope\". Received: \"${var.record_format}\"."
  }
}

variable "format" {
  description = "Format of the objects: `json` (one line for each event) or `parquet` (columns, converted by Firehose with the module's Glue table as the schema, so it needs `athena`). Parquet is for SQL: Athena reads only the columns that a query names. Replay from the archive (`event-fork replay`) reads JSON archives only; for both, make two forks. The table reads one format: choose when the fork is made."
  type        = string
  default     = "json"
  nullable    = false

  validation {
    condition     = contains(["json", "parquet"], var.format)
    error_message = "format must be \"json\" or \"parquet\", for example \"json\". Received: \"${var.format}\"."
  }
}

variable "compression" {
  description = "Compression of the objects: `GZIP`, `ZIP`, `Snappy` or `UNCOMPRESSED`; of Parquet it is the compression inside, without `ZIP`. null = GZIP for JSON, Snappy for Parquet."
  type        = string
  default     = null

  validation {
    condition     = var.compression == null ? true : contains(["UNCOMPRESSED", "GZIP", "ZIP", "Snappy"], var.compression)
    error_message = "compression must be one of UNCOMPRESSED, GZIP, ZIP, Snappy, for example \"GZIP\". Received: \"${coalesce(var.compression, "null")}\"."
  }

  validation {
    condition     = var.compression == null ? true : var.format != "parquet" || var.compression != "ZIP"
    error_message = "compression must be UNCOMPRESSED, GZIP or Snappy with format = \"parquet\", for example \"Snappy\". Received: \"${coalesce(var.compression, "null")}\"."
  }
}

variable "transformation_function" {
  description = <<-EOT
    Function that Firehose sends the records through before it writes them; null = none. For example `event_fork.redact.handler` of the shipped package, or your own. It ends each line with a line feed itself; with `partition_by` Firehose does, and one more leaves an empty line, which readers of JSON lines pass over. For example `{ arn = aws_lambda_function.redact.arn, retries = 3 }`:
    - `arn`: ARN of the function, a version or an alias. Its timeout may be at most 5 minutes.
    - `buffer_size_mib` and `buffer_interval_seconds`: 0.2-3 MiB (default 1) and 0-900 s (default 60) that are gathered for an invocation.
    - `retries`: further attempts when an invocation fails, 0-300. Default 3.
  EOT
  type = object({
    arn                     = string
    buffer_size_mib         = optional(number, 1)
    buffer_interval_seconds = optional(number, 60)
    retries                 = optional(number, 3)
  })
  default = null
}

################################################################################
# Bucket
################################################################################

variable "bucket" {
  description = "Existing bucket that the events go to; null = the module makes one: private, versioned, encrypted, TLS only. Nothing of an existing bucket is changed; it must be in the fork's Region and, in another account, let the delivery role (output `delivery_role_arn`) write. To give one later removes the module's own bucket with its objects; to take it away begins an empty one: `replace_stores` must allow either. For example `{ arn = aws_s3_bucket.archive.arn, name = aws_s3_bucket.archive.bucket }`."
  type        = object({ arn = string, name = string })
  default     = null

  validation {
    condition     = var.bucket == null || try(regex("^arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.bucket.arn)[0] == var.bucket.name && !strcontains(var.bucket.name, ".."), false)
    error_message = "bucket must have the ARN of an S3 bucket and its name (3-63 small letters, digits, dots or hyphens), for example { arn = \"arn:aws:s3:::orders-archive\", name = \"orders-archive\" }. Received: ${jsonencode(var.bucket)}."
  }
}

variable "lifecycle_rules" {
  description = <<-EOT
    Lifecycle rules of the module's own bucket, in addition to the ones that abort incomplete multipart uploads and expire old versions of replays' progress (`event-fork-replays/`), both after 7 days. Each has, for example `[{ id = "old", transitions = [{ days = 90, storage_class = "GLACIER_IR" }], expiration_days = 400 }]`:
    - `id`, `prefix` (default "" = all objects), `enabled` (default true).
    - `transitions`: list of `days` and `storage_class` (GLACIER, GLACIER_IR, DEEP_ARCHIVE, INTELLIGENT_TIERING, ONEZONE_IA, STANDARD_IA).
    - `expiration_days`: objects are gone for good one day later (`noncurrent_version_expiration_days` days later where it is given): the bucket is versioned, so S3 deletes the old version and the delete marker too. S3 rounds each step up to the next midnight UTC: an object is gone after `expiration_days` + 3 days at the latest.
    - `noncurrent_version_expiration_days`: for old versions, also of objects that were deleted or overwritten. Default 1 with `expiration_days`, otherwise never.
  EOT
  type = list(object({
    id      = string
    prefix  = optional(string, "")
    enabled = optional(bool, true)
    transitions = optional(list(object({
      days          = number
      storage_class = string
    })), [])
    expiration_days                    = optional(number)
    noncurrent_version_expiration_days = optional(number)
  }))
  default  = []
  nullable = false

  validation {
    condition     = var.bucket == null || length(var.lifecycle_rules) == 0
    error_message = "lifecycle_rules are for the module's own bucket: an existing bucket (${try(var.bucket.name, "none")}) keeps its owner's rules. For example bucket = null. Received: ${jsonencode(var.lifecycle_rules)}."
  }
}

################################################################################
# Athena
################################################################################

variable "athena" {
  description = <<-EOT
    SQL over the archive with Amazon Athena; null = none, {} = all defaults, for example `{ table_name = "orders", bytes_scanned_limit = 100000000000 }`:
    - `database`: object with the `name` of an existing Glue database; null = the module makes one.
    - `table_name`: default `events`.
    - `workgroup`: object with the `name` of an existing workgroup; null = the module makes one that enforces where results go.
    - `first_date`: first day of the archive, yyyy-MM-dd; days before are not looked at. Default 2024-01-01.
    - `results_location`: s3:// address ending with `/` for query results of the module's workgroup; null = `athena-results/<name>/` in the bucket, where the module's own bucket deletes them after 30 days.
    - `bytes_scanned_limit`: bytes that one query may scan in the module's workgroup, at least 10485760 (10 MiB); null = no limit.
    - `event_type_attribute`: message attribute that the ready-made queries take for the type of an event. Default `event_type`.
  EOT
  type = object({
    database             = optional(object({ name = string }))
    table_name           = optional(string, "events")
    workgroup            = optional(object({ name = string }))
    first_date           = optional(string, "2024-01-01")
    results_location     = optional(string)
    bytes_scanned_limit  = optional(number)
    event_type_attribute = optional(string, "event_type")
  })
  default = null

  validation {
    condition     = var.athena == null || (var.record_format == "envelope" && (var.format == "parquet" || contains(["GZIP", "UNCOMPRESSED"], coalesce(var.compression, "GZIP"))))
    error_message = "athena needs record_format = \"envelope\" and, for JSON, compression \"GZIP\" or \"UNCOMPRESSED\": Athena cannot read Firehose's ZIP and Snappy objects. For example compression = \"GZIP\". Received: record_format = \"${var.record_format}\", compression = \"${coalesce(var.compression, "GZIP")}\"."
  }

  validation {
    condition     = var.format != "parquet" || var.athena != null
    error_message = "athena must be given with format = \"parquet\": its Glue table is the schema that Firehose converts by. For example athena = {}. Received: athena = null."
  }

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", try(var.athena.table_name, "events"))) && can(regex("^[a-z0-9_]{1,255}$", try(var.athena.database.name, "events")))
    error_message = "athena.table_name and athena.database.name must be 1-255 lower-case letters, digits or '_', for example \"events\". Received: ${try(jsonencode([var.athena.table_name, var.athena.database]), "null")}."
  }

  validation {
    condition     = try(var.athena.workgroup, null) == null || (can(regex("^[A-Za-z0-9._-]{1,128}$", try(var.athena.workgroup.name, ""))) && try(var.athena.results_location, null) == null && try(var.athena.bytes_scanned_limit, null) == null)
    error_message = "athena.workgroup.name must be 1-128 letters, digits or ._-, without results_location or bytes_scanned_limit beside it, which are the workgroup's own, for example { workgroup = { name = \"analysts\" } }. Received: ${jsonencode(var.athena)}."
  }

  validation {
    condition     = can(formatdate("YYYY-MM-DD", "${try(var.athena.first_date, "2024-01-01")}T00:00:00Z"))
    error_message = "athena.first_date must be a day as yyyy-MM-dd, for example \"2024-01-01\". Received: \"${try(var.athena.first_date, "null")}\"."
  }

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(.*/)?$", try(coalesce(var.athena.results_location), "s3://bucket/")))
    error_message = "athena.results_location must be an s3:// address that ends with \"/\", for example \"s3://query-results/orders/\". Received: \"${try(coalesce(var.athena.results_location), "null")}\"."
  }

  validation {
    condition     = try(coalesce(var.athena.bytes_scanned_limit), 10485760) >= 10485760 && floor(try(coalesce(var.athena.bytes_scanned_limit), 0)) == try(coalesce(var.athena.bytes_scanned_limit), 0)
    error_message = "athena.bytes_scanned_limit must be a whole number, at least 10485760 (10 MiB), for example 100000000000 (100 GB). Received: ${try(coalesce(var.athena.bytes_scanned_limit), 0)}."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,256}$", try(var.athena.event_type_attribute, "event_type")))
    error_message = "athena.event_type_attribute must be the name of a message attribute, 1-256 letters, digits or _.-, for example \"event_type\". Received: \"${try(var.athena.event_type_attribute, "null")}\"."
  }
}

################################################################################
# Alarms
################################################################################

variable "alarms" {
  description = <<-EOT
    CloudWatch alarms; null = none. With an object, alarms say when the dead-letter queue is not empty or messages wait too long, when delivery to S3 is late or fails, and when records are throttled. Also watched where in use: the transformation function, Parquet, the number of partitions and `kms_key`.
    Settings:
    - `actions`: 1-5 ARNs to notify on alarm and on recovery (standard SNS topics of the same Region, functions, Systems Manager items), for example `{ actions = [aws_sns_topic.on_call.arn] }`.
    - `silent`: true with `actions = []` for alarms that notify nobody. Default false.
    - `oldest_message_age_seconds`: age of the oldest message in the queue that is too much. Default 3600. 0 = no such alarm.
    - `delivery_delay_seconds`: age of the oldest record in the delivery stream that is too much, more than `buffering.interval_seconds`. Default 1800: twice the longest buffering. 0 = no such alarm.
  EOT
  type = object({
    actions                    = list(string)
    silent                     = optional(bool, false)
    oldest_message_age_seconds = optional(number, 3600)
    delivery_delay_seconds     = optional(number, 1800)
  })
  default = null

  validation {
    condition     = try(var.alarms.delivery_delay_seconds == 0 || (var.alarms.delivery_delay_seconds > var.buffering.interval_seconds && floor(var.alarms.delivery_delay_seconds) == var.alarms.delivery_delay_seconds), true)
    error_message = "alarms.delivery_delay_seconds must be 0 (off) or a whole number of more than buffering.interval_seconds (${var.buffering.interval_seconds}), for a record waits that long in any case; for example 1800. Received: ${try(var.alarms.delivery_delay_seconds, 0)}."
  }
}
