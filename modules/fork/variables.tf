################################################################################
# Topic and subscription
################################################################################

variable "raw_message_delivery" {
  description = "Whether the queue gets the bare message instead of SNS's envelope. false keeps id, time and attributes of the message; with true SNS discards messages with more than 10 attributes into the dead-letter queue."
  type        = bool
  default     = false
  nullable    = false
}

variable "ingest" {
  description = "`queue` (default), or `direct`: SNS writes to the delivery stream `stream_arn` itself. There is neither queue nor function then, and their outputs are null; only the subscription, its role and the dead-letter queue are there. modules/storage-backup has an input of the same name. A change to `direct` removes the queue: `replace_stores` must allow it."
  type        = string
  default     = "queue"
  nullable    = false

  validation {
    condition     = contains(["queue", "direct"], var.ingest)
    error_message = "ingest must be \"queue\" or \"direct\", for example \"queue\". Received: \"${var.ingest}\"."
  }

  validation {
    condition     = var.ingest != "direct" || (var.create_subscription && !endswith(var.topic_arn, ".fifo") && !var.raw_message_delivery && !var.dashboard)
    error_message = "ingest must be \"queue\" with a FIFO topic, create_subscription = false, raw_message_delivery and dashboard, for example \"queue\": SNS writes to streams from standard topics only, and the dashboard shows queue and function. Received: \"${var.ingest}\"."
  }
}

variable "stream_arn" {
  description = "ARN of the delivery stream that SNS writes to with `ingest = \"direct\"`; null without. For example `aws_kinesis_firehose_delivery_stream.orders.arn`."
  type        = string
  default     = null

  validation {
    condition     = var.ingest == "direct" ? try(can(regex("^arn:aws[a-z-]*:firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/[A-Za-z0-9_.-]{1,64}$", var.stream_arn)), false) : var.stream_arn == null
    error_message = "stream_arn must be the ARN of a delivery stream with ingest = \"direct\", for example \"arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders\", and null with \"queue\". Received: ${jsonencode(var.stream_arn)}."
  }
}

################################################################################
# Queue and dead-letter queue
################################################################################

variable "kms_key" {
  description = "Customer managed key for both queues; null = SQS-managed encryption. The key's policy must let `sns.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey`, or SNS cannot deliver; therefore the AWS managed key alias/aws/sqs does not work. For example `{ arn = aws_kms_key.events.arn }`."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.kms_key)}."
  }
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

  validation {
    condition = var.queue.visibility_timeout_seconds == null || (
      coalesce(var.queue.visibility_timeout_seconds, 0) >= var.function.timeout_seconds + var.event_source_mapping.maximum_batching_window_seconds
      && coalesce(var.queue.visibility_timeout_seconds, 0) <= 43200
      && floor(coalesce(var.queue.visibility_timeout_seconds, 0)) == coalesce(var.queue.visibility_timeout_seconds, 0)
    )
    error_message = "queue.visibility_timeout_seconds must be a whole number, at least the function's timeout plus the batching window (${var.function.timeout_seconds} + ${var.event_source_mapping.maximum_batching_window_seconds}), or messages show up again while they are in work. At most 43200 (12 hours). For example ${6 * var.function.timeout_seconds + var.event_source_mapping.maximum_batching_window_seconds} (six timeouts plus the window, what null gives). Received: ${coalesce(var.queue.visibility_timeout_seconds, 0)}."
  }

  validation {
    condition     = var.queue.message_retention_seconds >= 60 && var.queue.message_retention_seconds <= 1209600 && floor(var.queue.message_retention_seconds) == var.queue.message_retention_seconds
    error_message = "queue.message_retention_seconds must be a whole number of seconds, 60-1209600 (14 days), for example 345600. Received: ${var.queue.message_retention_seconds}."
  }

  validation {
    condition     = var.queue.max_receive_count >= 1 && var.queue.max_receive_count <= 1000 && floor(var.queue.max_receive_count) == var.queue.max_receive_count
    error_message = "queue.max_receive_count must be a whole number, 1-1000, for example 5. Received: ${var.queue.max_receive_count}."
  }

  validation {
    condition     = var.dead_letter_queue.message_retention_seconds >= var.queue.message_retention_seconds
    error_message = "dead_letter_queue.message_retention_seconds must not be less than queue.message_retention_seconds (${var.queue.message_retention_seconds}): a message keeps its age when it moves, so it could be gone before anybody sees it; for example 1209600. Received: ${var.dead_letter_queue.message_retention_seconds}."
  }
}

################################################################################
# Function
################################################################################

variable "description" {
  description = "Description of the function, at most 256 characters."
  type        = string
  default     = "Event fork"
  nullable    = false

  validation {
    condition     = length(var.description) <= 256
    error_message = "description must have at most 256 characters, for example \"Writes the audit log\". Received ${length(var.description)} characters."
  }
}

variable "handler" {
  description = "Handler of the function: `event_fork.storage_backup.handler`, `event_fork.search_analytics.handler`, `event_fork.replay.handler` of the shipped package, or one of your own package: `module.function`, and for other runtimes a class or an executable."
  type        = string
  nullable    = false

  # Java takes a class, .NET and runtimes of one's own an executable; the others call a function of a module.
  validation {
    condition     = length(var.handler) <= 128 && can(regex("^[\\p{L}\\p{N}_$-]+(([.]|/|::?)[\\p{L}\\p{N}_$-]+)*$", var.handler)) && (!can(regex("^(python|nodejs|ruby)", var.function.runtime)) || can(regex("[.][^./:]+$", var.handler)))
    error_message = "handler must be at most 128 letters, digits or _$- with . / or :: between them, and for Python, Node.js and Ruby name a module of the package and a function in it, for example \"audit.handler\" (a class or an executable for other runtimes). Received: \"${var.handler}\"."
  }
}

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

  validation {
    condition     = var.function.memory_size >= 128 && var.function.memory_size <= 10240 && floor(var.function.memory_size) == var.function.memory_size
    error_message = "function.memory_size must be a whole number of MiB, 128-10240, for example 512. Received: ${var.function.memory_size}."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.function.architecture)
    error_message = "function.architecture must be \"arm64\" or \"x86_64\", for example \"arm64\". Received: \"${var.function.architecture}\"."
  }

  validation {
    condition     = var.function.timeout_seconds >= 1 && var.function.timeout_seconds <= 900 && floor(var.function.timeout_seconds) == var.function.timeout_seconds
    error_message = "function.timeout_seconds must be a whole number, 1-900, for example 60. Received: ${var.function.timeout_seconds}."
  }

  validation {
    condition     = coalesce(var.function.reserved_concurrency, 0) >= 0 && floor(coalesce(var.function.reserved_concurrency, 0)) == coalesce(var.function.reserved_concurrency, 0)
    error_message = "function.reserved_concurrency must be null (none) or a whole number of 0 and more, for example 20. Received: ${coalesce(var.function.reserved_concurrency, 0)}."
  }

  validation {
    condition     = can(regex("^python3[.]1[1-4]$", var.function.runtime)) || var.lambda_package.filename != null || var.lambda_package.s3_bucket != null
    error_message = "function.runtime must be python3.11 to python3.14 for the package that comes with this module, for example \"python3.13\"; other runtimes need lambda_package. Received: \"${var.function.runtime}\"."
  }
}

locals {
  # What Lambda defines and lets nobody set, and the fork's own. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
  lambdas_variables = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"]
  own_variables     = ["DEAD_LETTER_QUEUE_URL", "DEAD_LETTER_QUEUE_MAX_BYTES"]
}

variable "environment_variables" {
  description = "Environment variables for the function, 3700 bytes as JSON. They win over `POWERTOOLS_SERVICE_NAME`, `POWERTOOLS_METRICS_NAMESPACE`, `POWERTOOLS_LOG_LEVEL` and `POWERTOOLS_TRACE_DISABLED`, which the module sets. `DEAD_LETTER_QUEUE_URL` and `DEAD_LETTER_QUEUE_MAX_BYTES` are the module's."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment_variables) : can(regex("^[A-Za-z][A-Za-z0-9_]+$", name)) && !contains(concat(local.lambdas_variables, local.own_variables), name)])
    error_message = "environment_variables must have names of at least 2 letters, digits and '_' that begin with a letter, and none that Lambda sets (such as AWS_REGION) or this module (${join(", ", local.own_variables)}), for example { TABLE_NAME = \"audit\" }. Received: ${join(", ", keys(var.environment_variables))}."
  }

  validation {
    condition     = !contains(keys(var.environment_variables), "POWERTOOLS_LOGGER_LOG_EVENT")
    error_message = "environment_variables must not have POWERTOOLS_LOGGER_LOG_EVENT: it writes whole events to the log, for example { POWERTOOLS_LOG_LEVEL = \"DEBUG\" } instead. Received: ${join(", ", keys(var.environment_variables))}."
  }

  validation {
    condition     = alltrue([for value in values(var.environment_variables) : value != null])
    error_message = "environment_variables must have a text for every name, for example { TABLE_NAME = \"audit\" }. Received null for ${join(", ", [for name, value in var.environment_variables : name if value == null])}."
  }

  # As JSON, without the escapes that only jsonencode has. Lambda does not say how it measures its 4 KB.
  validation {
    condition     = floor(length(trim(base64encode(replace(jsonencode(var.environment_variables), "/\\\\u00(3[ce]|26)/", "-")), "=")) * 3 / 4) <= 3700
    error_message = "environment_variables, with the rules of redact, must have at most 3700 bytes as JSON (Lambda allows 4096, the module needs the rest), for example { TABLE_NAME = \"audit\" }. Received ${floor(length(trim(base64encode(replace(jsonencode(var.environment_variables), "/\\\\u00(3[ce]|26)/", "-")), "=")) * 3 / 4)} bytes for ${join(", ", keys(var.environment_variables))}."
  }
}

variable "layers" {
  description = "ARNs of more layer versions, at most 4 of different layers: Lambda allows 5 and one is Powertools. With `powertools_layer_arn = \"\"` at most 5."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.layers) <= (var.powertools_layer_arn == "" ? 5 : 4) && alltrue([for layer in var.layers : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", layer))])
    error_message = "layers must be at most 4 ARNs of layer versions (Lambda allows 5, one is Powertools unless powertools_layer_arn = \"\"), for example [\"arn:aws:lambda:eu-west-1:123456789012:layer:ours:3\"]. Received ${length(var.layers)}: ${jsonencode(var.layers)}."
  }

  validation {
    condition     = anytrue([for names in [[for arn in concat(var.layers, compact([var.powertools_layer_arn])) : trimsuffix(replace(coalesce(arn, "-"), "/[0-9]+$/", ""), ":")]] : length(distinct(names)) == length(names)])
    error_message = "layers must name each layer once, and not the one in powertools_layer_arn: Lambda takes one version of a layer, for example [\"arn:aws:lambda:eu-west-1:123456789012:layer:ours:3\"]. Received: ${jsonencode(var.layers)}."
  }
}

locals {
  own_sids = ["ReadQueue", "SetAsideWhatCannotBeHandled", "UseQueueKey", "WriteLogs", "SendTraces", "JoinVpc", "KeepCodeFromVpc"]
}

variable "policy_statements" {
  description = "What the function may do beyond reading its queue and writing its logs, as statements of an IAM policy: `sid`, `effect` (Allow), `actions`, `resources`, `conditions` (list of `test`, `variable`, `values`). For example `[{ actions = [\"dynamodb:PutItem\"], resources = [aws_dynamodb_table.audit.arn] }]`."
  type = list(object({
    sid       = optional(string)
    effect    = optional(string, "Allow")
    actions   = list(string)
    resources = list(string)
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for statement in var.policy_statements : try(contains(["Allow", "Deny"], statement.effect), false)])
    error_message = "policy_statements[*].effect must be \"Allow\" or \"Deny\", for example \"Allow\". Received: ${jsonencode(var.policy_statements)}."
  }

  validation {
    condition     = alltrue([for statement in var.policy_statements : try(length(statement.actions) > 0 && length(statement.resources) > 0, statement == null)])
    error_message = "policy_statements must each have at least one action and one resource, for example { actions = [\"dynamodb:PutItem\"], resources = [aws_dynamodb_table.audit.arn] }. Received: ${jsonencode(var.policy_statements)}."
  }

  validation {
    condition     = alltrue([for statement in var.policy_statements : try(alltrue([for action in statement.actions : can(regex("^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$", action)) || (action == "*" && statement.effect == "Deny")]) && alltrue([for resource in statement.resources : can(regex("^(arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|[*])$", resource))]), true)])
    error_message = "policy_statements must have actions as service:Action (\"*\", all of AWS, only with the effect Deny) and resources as ARNs or \"*\", for example { actions = [\"dynamodb:PutItem\"], resources = [aws_dynamodb_table.audit.arn] }. Received: ${jsonencode(var.policy_statements)}."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.policy_statements : [for given in try(coalesce(statement.conditions, []), []) : try(can(regex("^((ForAllValues|ForAnyValue):)?(Null|(String(Not)?(Equals(IgnoreCase)?|Like)|(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?)$", given.test)) && can(regex("^[A-Za-z0-9-]+:.+$", given.variable)) && length(given.values) > 0 && alltrue([for text in given.values : text != null]), false)]]))
    error_message = "policy_statements[*].conditions must each have an operator of IAM in test, a key in variable and at least one text in values, for example { test = \"StringEquals\", variable = \"aws:ResourceTag/team\", values = [\"shop\"] }. Received: ${jsonencode(var.policy_statements)}."
  }

  validation {
    condition = alltrue([for statement in var.policy_statements : anytrue([
      for keys in [[for given in try(coalesce(statement.conditions, []), []) : try(lower("${given.test} ${given.variable}"), "-")]] : length(distinct(keys)) == length(keys)
    ])])
    error_message = "policy_statements[*].conditions must have each test of a variable once, with all its values, for example { test = \"StringEquals\", variable = \"aws:ResourceTag/team\", values = [\"shop\", \"web\"] }. Received: ${jsonencode(var.policy_statements)}."
  }

  validation {
    condition     = !can(regex("[^\\x{20}-\\x{ff}]", jsonencode(var.policy_statements)))
    error_message = "policy_statements must have only characters up to U+00FF, as IAM takes them; others can be \"?\" each, for example \"arn:aws:s3:::archive/??????/*\". Received: ${jsonencode(var.policy_statements)}."
  }

  validation {
    condition = anytrue([for sids in [compact([for statement in var.policy_statements : try(statement.sid, null)])] :
      alltrue([for sid in sids : can(regex("^[A-Za-z0-9]+$", sid))]) && length(distinct(concat(sids, local.own_sids))) == length(concat(sids, local.own_sids))
    ])
    error_message = "policy_statements[*].sid must be letters and digits, and differ from the others and from the module's own (${join(", ", local.own_sids)}), for example \"WriteAuditTable\". Received: ${jsonencode([for statement in var.policy_statements : try(statement.sid, null)])}."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept, one of the values CloudWatch Logs allows. Default 30. 0 = forever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 0 (forever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, for example 30. Received: ${var.log_retention_days}."
  }
}

################################################################################
# Event source mapping
################################################################################

variable "event_source_mapping" {
  description = <<-EOT
    How the function reads the queue:
    - `batch_size`: messages an invocation gets at most, 1-10000; above 10 a window of at least 1 second is needed. Default 10. A batch also ends at 6 MB.
    - `maximum_batching_window_seconds`: how long to wait for a full batch, 0-300. Default 0.
    - `maximum_concurrency`: invocations at a time at most, 2-1000. Default null = as many as Lambda starts.
    - `provisioned_pollers`: pollers that are kept ready for this queue alone, `{ minimum = 2, maximum = 200 }`: `minimum` 2-200, `maximum` 2-10000. Each reads up to 1 MB/s and 10 batches at a time, and is billed by the hour. Excludes `maximum_concurrency`. Version 5 of the AWS provider takes a `maximum` of 2000 at most. Default null = Lambda's own pollers.
    - `enabled`: false lets messages wait in the queue. Default true.
  EOT
  type = object({
    batch_size                      = optional(number, 10)
    maximum_batching_window_seconds = optional(number, 0)
    maximum_concurrency             = optional(number)
    provisioned_pollers             = optional(object({ minimum = optional(number), maximum = optional(number) }))
    enabled                         = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.event_source_mapping.batch_size >= 1 && var.event_source_mapping.batch_size <= 10000 && floor(var.event_source_mapping.batch_size) == var.event_source_mapping.batch_size
    error_message = "event_source_mapping.batch_size must be a whole number, 1-10000, for example 1000. Received: ${var.event_source_mapping.batch_size}."
  }

  validation {
    condition     = var.event_source_mapping.maximum_batching_window_seconds >= 0 && var.event_source_mapping.maximum_batching_window_seconds <= 300 && floor(var.event_source_mapping.maximum_batching_window_seconds) == var.event_source_mapping.maximum_batching_window_seconds
    error_message = "event_source_mapping.maximum_batching_window_seconds must be a whole number, 0-300, for example 5. Received: ${var.event_source_mapping.maximum_batching_window_seconds}."
  }

  validation {
    condition     = var.event_source_mapping.batch_size <= 10 || var.event_source_mapping.maximum_batching_window_seconds >= 1
    error_message = "event_source_mapping.maximum_batching_window_seconds must be at least 1 when batch_size is above 10, for example { batch_size = 1000, maximum_batching_window_seconds = 5 }. Received: batch_size = ${var.event_source_mapping.batch_size}, maximum_batching_window_seconds = ${var.event_source_mapping.maximum_batching_window_seconds}."
  }

  validation {
    condition     = coalesce(var.event_source_mapping.maximum_concurrency, 2) >= 2 && coalesce(var.event_source_mapping.maximum_concurrency, 2) <= 1000 && floor(coalesce(var.event_source_mapping.maximum_concurrency, 2)) == coalesce(var.event_source_mapping.maximum_concurrency, 2)
    error_message = "event_source_mapping.maximum_concurrency must be a whole number, 2-1000, or null, for example 10. Received: ${coalesce(var.event_source_mapping.maximum_concurrency, 0)}."
  }

  validation {
    condition = var.event_source_mapping.provisioned_pollers == null || (
      coalesce(try(var.event_source_mapping.provisioned_pollers.minimum, null), 2) >= 2 && coalesce(try(var.event_source_mapping.provisioned_pollers.minimum, null), 2) <= 200
      && coalesce(try(var.event_source_mapping.provisioned_pollers.maximum, null), 200) >= coalesce(try(var.event_source_mapping.provisioned_pollers.minimum, null), 2)
      && coalesce(try(var.event_source_mapping.provisioned_pollers.maximum, null), 200) <= 10000
      && try(alltrue([for number in compact(values(var.event_source_mapping.provisioned_pollers)) : can(regex("^[0-9]+$", number))]), true)
    )
    error_message = "event_source_mapping.provisioned_pollers.minimum must be a whole number, 2-200, and maximum one between it and 10000, for example { minimum = 2, maximum = 200 }. Received: ${jsonencode(var.event_source_mapping.provisioned_pollers)}."
  }

  validation {
    condition     = var.event_source_mapping.provisioned_pollers == null || var.event_source_mapping.maximum_concurrency == null
    error_message = "event_source_mapping must have either provisioned_pollers or maximum_concurrency, as Lambda takes only one of them, for example { provisioned_pollers = { minimum = 2, maximum = 20 } }. Received: maximum_concurrency = ${coalesce(var.event_source_mapping.maximum_concurrency, 0)}."
  }

  validation {
    condition     = coalesce(var.function.reserved_concurrency, 1000) == 0 || coalesce(var.event_source_mapping.maximum_concurrency, 0) <= coalesce(var.function.reserved_concurrency, 1000)
    error_message = "event_source_mapping.maximum_concurrency must not be more than function.reserved_concurrency (${coalesce(var.function.reserved_concurrency, 1000)}), or Lambda throttles and messages lose attempts; for example the same number. Received: ${coalesce(var.event_source_mapping.maximum_concurrency, 0)}."
  }
}

################################################################################
# Dashboard
################################################################################

variable "delivery" {
  description = "Delivery stream that the function puts its events to, so that `dashboard` shows it too; null = none. `destination` is what Firehose's metrics call it, `S3` or `AmazonOpenSearchService`; `more_names`: further streams of the same kind. For example `{ name = aws_kinesis_firehose_delivery_stream.orders.name, destination = \"S3\" }`."
  type        = object({ name = string, destination = string, more_names = optional(list(string), []) })
  default     = null

  validation {
    condition     = var.delivery == null || try(alltrue([for name in concat([var.delivery.name], var.delivery.more_names) : can(regex("^[A-Za-z0-9_.-]{1,64}$", name))]) && contains(["S3", "AmazonOpenSearchService"], var.delivery.destination), false)
    error_message = "delivery must have names of streams, and \"S3\" or \"AmazonOpenSearchService\" as destination, for example { name = \"orders\", destination = \"S3\" }. Received: ${jsonencode(var.delivery)}."
  }
}

################################################################################
# Alarms
################################################################################

variable "alarms" {
  description = <<-EOT
    CloudWatch alarms; null = none. With an object, an alarm says when the dead-letter queue is not empty, and another when messages wait too long:
    - `actions`: 1-5 ARNs to notify on alarm and on recovery (standard SNS topics of the same Region, functions, Systems Manager items), for example `{ actions = [aws_sns_topic.on_call.arn] }`.
    - `silent`: true with `actions = []` for alarms that notify nobody. Default false.
    - `oldest_message_age_seconds`: age of the oldest message that is too much. Default 3600. 0 = no such alarm.
  EOT
  type = object({
    actions                    = list(string)
    silent                     = optional(bool, false)
    oldest_message_age_seconds = optional(number, 3600)
  })
  default = null

  validation {
    condition     = var.alarms == null || try(length(var.alarms.actions) <= 5 && (length(var.alarms.actions) > 0) != var.alarms.silent, false)
    error_message = "alarms.actions must have 1-5 ARNs, or none with silent = true, for example { actions = [aws_sns_topic.on_call.arn] } or { actions = [], silent = true }. Received ${try(length(var.alarms.actions), "null")}, silent = ${try(var.alarms.silent, false)}."
  }

  # What PutMetricAlarm takes, without actions on EC2 instances: only metrics of an instance may have those. Alarms do not reach FIFO topics.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  validation {
    condition = alltrue([for action in try(coalesce(var.alarms.actions, []), []) : can(regex(join("|", [
      "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
      "^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:([$]LATEST|[A-Za-z0-9_-]{1,128}))?$",
      "^arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:opsitem:[1-4](#CATEGORY=[A-Za-z]+)?$",
      "^arn:aws[a-z-]*:ssm-incidents::[0-9]{12}:responseplan/[A-Za-z0-9_-]+$",
      "^arn:aws[a-z-]*:aiops:[a-z0-9-]+:[0-9]{12}:investigation-group[:/][A-Za-z0-9-]+$",
      "^arn:aws[a-z-]*:autoscaling:[a-z0-9-]+:[0-9]{12}:scalingPolicy:[A-Za-z0-9-]+:(autoScalingGroupName|resource)/.+:policyName/.+$",
    ]), action))])
    error_message = "alarms.actions must be ARNs of standard SNS topics, Lambda functions, Systems Manager OpsItems or response plans, investigation groups or scaling policies: CloudWatch takes no others for these alarms, for example [\"arn:aws:sns:eu-west-1:123456789012:on-call\"]. Received: ${jsonencode(try(var.alarms.actions, []))}."
  }

  validation {
    condition     = !contains(try(coalesce(var.alarms.actions, []), []), var.topic_arn)
    error_message = "alarms.actions must not have the fork's own topic, since each alarm would be an event in it, for example [aws_sns_topic.on_call.arn]. Received: ${jsonencode(try(var.alarms.actions, []))}."
  }

  validation {
    condition     = try(var.alarms.oldest_message_age_seconds >= 0 && floor(var.alarms.oldest_message_age_seconds) == var.alarms.oldest_message_age_seconds, true)
    error_message = "alarms.oldest_message_age_seconds must be a whole number of seconds, 0 (off) or more, for example 3600. Received: ${try(var.alarms.oldest_message_age_seconds, 0)}."
  }
}
