# The inputs that a fork and every pipeline have in common. ONLY EDIT THIS FILE IN modules/fork: `make docs` copies it into each pipeline
# as it is, so a rule here reads only variables of this file.

variable "name" {
  description = "Name of the fork. Queue, function and log group are named after it, so it is unique in account and Region. 1-40 letters, digits, `-` or `_`. A new name replaces the queues, and in the pipelines the delivery stream, the bucket and the domain that the module made, with what is in them: `replace_stores` must allow it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", var.name))
    error_message = "name must be 1-40 letters, digits, '-' or '_', and begin with a letter or digit, for example \"orders-backup\". Received: \"${var.name}\"."
  }
}

variable "topic_arn" {
  description = "ARN of the SNS topic to listen to, standard or FIFO. The topic itself is not changed. A topic of another account must allow this account `sns:Subscribe`; a topic of another Region needs `create_subscription = false`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:([A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}[.]fifo)$", var.topic_arn))
    error_message = "topic_arn must be the ARN of an SNS topic, for example \"arn:aws:sns:eu-west-1:123456789012:orders\". Received: \"${var.topic_arn}\"."
  }
}

variable "create_subscription" {
  description = "Whether to subscribe the queue to the topic. false is for a topic of another Region: SNS takes subscriptions only there, so the caller makes it with a provider of that Region. The queue accepts the topic's messages either way."
  type        = bool
  default     = true
  nullable    = false

  # What SNS counts of a filter policy when it subscribes; here, since a validation cannot read what is made of its own variable.
  validation {
    condition     = !var.create_subscription || local.filter_policy_combinations <= 150
    error_message = "filter_policy must have at most 150 combinations of values, for example 10 event types x 15 countries. Each key counts its values times its nesting level; keys are multiplied, and alternatives of $or added up. Received ${local.filter_policy_combinations} combinations."
  }

  validation {
    condition     = !var.create_subscription || sum(concat([0], local.filter_policy_wildcard_points)) <= 100
    error_message = "filter_policy must have wildcards of at most 100 points: one * in a text costs 1, several cost 3 each. A key costs the sum of its texts times their number. For example { path = [{ wildcard = \"*.json\" }] }. Received ${sum(concat([0], local.filter_policy_wildcard_points))} points."
  }
}

# SNS's grammar of a filter policy's arrays, as regular expressions on what jsonencode writes (compact, < and > as \u003c and \u003e).
# https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
locals {
  json_text   = "\"(?:[^\"\\\\]|\\\\.)*\""
  json_number = "-?[0-9]+(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?"

  # At most three *, none beside another; \* and \\ are literal.
  filter_policy_literal  = "(?:[^\"\\\\*]|\\\\\\\\[*]|\\\\\\\\\\\\\\\\|\\\\[^\\\\])"
  filter_policy_wildcard = "\"${local.filter_policy_literal}*(?:[*]${local.filter_policy_literal}+){0,2}(?:[*]${local.filter_policy_literal}*)?\""

  filter_policy_both_bounds = "\"\\\\u003e=?\",(${local.json_number}),\"\\\\u003c=?\",(${local.json_number})"
  filter_policy_numeric     = "\\[(?:\"(?:=|\\\\u003c=?|\\\\u003e=?)\",${local.json_number}|${replace(local.filter_policy_both_bounds, "(-", "(?:-")})\\]"
  filter_policy_anything_but = join("|", [
    local.json_text,
    local.json_number,
    "\\[${local.json_text}(?:,${local.json_text})*\\]",
    "\\[${local.json_number}(?:,${local.json_number})*\\]",
    "{\"(?:prefix|suffix)\":\"(?:[^\"\\\\]|\\\\.)+\"}",
    "{\"wildcard\":${local.filter_policy_wildcard}}",
  ])
  filter_policy_operator = join("|", [
    "\"(?:prefix|suffix|equals-ignore-case|cidr)\":${local.json_text}",
    "\"wildcard\":${local.filter_policy_wildcard}",
    "\"exists\":(?:true|false)",
    "\"numeric\":${local.filter_policy_numeric}",
    "\"anything-but\":(?:${local.filter_policy_anything_but})",
  ])
  filter_policy_entry   = "(?:${local.json_text}|${local.json_number}|true|false|null|{(?:${local.filter_policy_operator})})"
  filter_policy_entries = "\\[${local.filter_policy_entry}(?:,${local.filter_policy_entry})*\\]"
  filter_policy_fields  = "${local.json_text}:0(?:,${local.json_text}:0)*"
  filter_policy_or      = "\"[$]or\":\\[{${local.filter_policy_fields}}(?:,{${local.filter_policy_fields}})+\\]"
}

variable "filter_policy" {
  description = "SNS filter policy as JSON text (`jsonencode`); null = all messages. At most 5 keys, 150 combinations of values and 256 KiB. A later change takes up to 15 minutes to act."
  type        = string
  default     = null

  validation {
    condition     = var.filter_policy == null || can(keys(jsondecode(var.filter_policy)))
    error_message = "filter_policy must be a JSON object, for example jsonencode({ event_type = [\"order.placed\"] }). Received: ${coalesce(var.filter_policy, "null")}."
  }

  validation {
    condition     = try(length(keys(jsondecode(var.filter_policy))) >= 1 && length(keys(jsondecode(var.filter_policy))) <= 5, true)
    error_message = "filter_policy must have 1 to 5 keys, for example jsonencode({ event_type = [\"order.placed\"], amount = [{ numeric = [\">=\", 100] }] }). Received ${length(try(keys(jsondecode(var.filter_policy)), []))}: ${join(", ", try(keys(jsondecode(var.filter_policy)), []))}."
  }

  # Right arrays become 0, then objects of nothing else and $or of such objects do, level by level (the sixth nesting is not looked into).
  validation {
    condition = var.filter_policy == null || !can(keys(jsondecode(var.filter_policy))) || anytrue([
      for flat in [
        for entries in [replace(try(jsonencode(jsondecode(var.filter_policy)), "-"), "/${local.filter_policy_entries}/", "0")] :
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(entries,
          var.filter_policy_scope == "MessageBody" ? "/:{${local.filter_policy_fields}}/" : "/^-$/", ":0"), "/${local.filter_policy_or}/", "\"or\":0"),
          var.filter_policy_scope == "MessageBody" ? "/:{${local.filter_policy_fields}}/" : "/^-$/", ":0"), "/${local.filter_policy_or}/", "\"or\":0"),
          var.filter_policy_scope == "MessageBody" ? "/:{${local.filter_policy_fields}}/" : "/^-$/", ":0"), "/${local.filter_policy_or}/", "\"or\":0"),
          var.filter_policy_scope == "MessageBody" ? "/:{${local.filter_policy_fields}}/" : "/^-$/", ":0"), "/${local.filter_policy_or}/", "\"or\":0"),
        var.filter_policy_scope == "MessageBody" ? "/:{${local.filter_policy_fields}}/" : "/^-$/", ":0"), "/${local.filter_policy_or}/", "\"or\":0")
      ] : can(regex("^{${local.filter_policy_fields}}$", flat)) || (var.filter_policy_scope == "MessageBody" && can(regex(":{${local.filter_policy_fields}}", flat)))
    ])
    error_message = "filter_policy must give every key a list of strings, numbers, true, false, null or objects with one operator of SNS (prefix, suffix, equals-ignore-case, wildcard, cidr, numeric, exists, anything-but). For example jsonencode({ event_type = [\"order.placed\"], amount = [{ numeric = [\">=\", 100] }] }). Nested objects need filter_policy_scope = \"MessageBody\". `event-fork filter check` says what is wrong. Received: ${coalesce(var.filter_policy, "null")}."
  }

  validation {
    condition     = alltrue([for range in regexall(local.filter_policy_both_bounds, try(jsonencode(jsondecode(var.filter_policy)), "-")) : tonumber(range[0]) < tonumber(range[1])])
    error_message = "filter_policy must have a lower bound below the upper one in numeric, for example { numeric = [\">\", 0, \"<=\", 150] }. Received: ${coalesce(var.filter_policy, "null")}."
  }

  validation {
    condition     = alltrue([for number in regexall(local.json_number, replace(try(jsonencode(jsondecode(var.filter_policy)), "-"), "/${local.json_text}/", "")) : abs(tonumber(number)) <= 1.7976931348623157e308])
    error_message = "filter_policy must have numbers within +-1.8e308, and SNS promises to compare only those within a billion and with five decimals, for example { amount = [{ numeric = [\">=\", 100] }] }. Received: ${coalesce(var.filter_policy, "null")}."
  }

  validation {
    condition     = alltrue([for network in regexall("\"cidr\":\"([^\"]*)\"", try(jsonencode(jsondecode(var.filter_policy)), "-")) : can(cidrhost(network[0], 0)) && try(tonumber(split("/", network[0])[1]) < (strcontains(network[0], ":") ? 128 : 32), false)])
    error_message = "filter_policy must have the network of an address and its length in cidr, at most 31 (IPv6: 127), for example { cidr = \"10.0.0.0/24\" }. Received: ${coalesce(var.filter_policy, "null")}."
  }

  validation {
    condition     = !can(keys(jsondecode(var.filter_policy))) || try(length([for text in regexall("${local.json_text}[[:space:]]*(:?)", var.filter_policy) : text if text[0] == ":"]) == length([for text in regexall("${local.json_text}(:?)", jsonencode(jsondecode(var.filter_policy))) : text if text[0] == ":"]), true)
    error_message = "filter_policy must have each key once, also inside objects, for example jsonencode({ event_type = [\"order.placed\", \"order.paid\"] }). Received: ${coalesce(var.filter_policy, "null")}."
  }

  validation {
    condition     = length(trim(base64encode(coalesce(var.filter_policy, "-")), "=")) <= 349526
    error_message = "filter_policy must be at most 256 KiB (262144 bytes), for example jsonencode({ event_type = [\"order.placed\"] }). Received ${floor(length(trim(base64encode(coalesce(var.filter_policy, "-")), "=")) * 3 / 4)} bytes."
  }
}

locals {
  filter_policy_json = try(jsonencode(jsondecode(var.filter_policy)), "-")

  # The combinations as an expression: values are 1 and added up, keys multiply, $or adds up, and d is the nesting level of a key.
  # {"a":{"b":["x","y"]},"$or":[{"c":[1]},{"d":[2]}]} is first {k:{k:[1+1]}*o:[{k:[1]}+{k:[1]}]}, and then what Terraform computes.
  filter_policy_shape = replace(replace(replace(replace(replace(replace(local.filter_policy_json,
    "/{(?:${local.filter_policy_operator})}/", "1"),
    "/\"[$]or\":\\[{/", "o:[{"),
    "/${local.json_text}(:?)/", "k$1"),
    "/true|false|null|${local.json_number}|k([],])/", "1$1"),
    "/,([ko]:)/", "*$1"),
  ",", "+")
  filter_policy_expression = format("$${%s}", replace(replace(replace(replace(replace(local.filter_policy_shape,
    "/[]}]/", "!"),
    "/(?:k:)?{/", "[for d in [d + 1] : ("),
    "o:[", "[for d in [d - 1] : ("),
    "k:[", "[for d in [d] : d * ("),
  "!", ")][0]"))
  filter_policy_combinations = try(tonumber(templatestring(local.filter_policy_expression, { d = 0 })), 0)

  filter_policy_wildcard_points = [for list in [for text in regexall(local.filter_policy_entries, local.filter_policy_json) : jsondecode(text)] : [
    for costs in [[for stars in [for entry in list : length(regexall("[*]", replace(try(entry.wildcard, entry["anything-but"].wildcard, ""), "/\\\\[*\\\\]/", "")))] : stars == 1 ? 1 : 3 * stars if stars > 0]] : sum(concat([0], costs)) * length(costs)
  ][0]]
}

variable "filter_policy_scope" {
  description = "What the filter policy looks at: `MessageAttributes` (default, as SNS) or `MessageBody` (the message must be JSON). With `MessageBody` the policy must be known when it is planned, or the AWS provider refuses the plan: apply what it names first."
  type        = string
  default     = "MessageAttributes"
  nullable    = false

  validation {
    condition     = contains(["MessageAttributes", "MessageBody"], var.filter_policy_scope)
    error_message = "filter_policy_scope must be \"MessageAttributes\" or \"MessageBody\", for example \"MessageBody\". Received: \"${var.filter_policy_scope}\"."
  }
}

variable "dead_letter_queue" {
  description = <<-EOT
    Settings of the dead-letter queue, for example `{ message_retention_seconds = 1209600 }`:
    - `message_retention_seconds`: 60-1209600. Default 1209600 (14 days, the most): a message keeps the age it had in the queue.
    - `only_from_queue`: whether only this fork's queue may name it as its dead-letter queue. Default true; false for Regions without redrive allow policies.
  EOT
  type = object({
    message_retention_seconds = optional(number, 1209600)
    only_from_queue           = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.dead_letter_queue.message_retention_seconds >= 60 && var.dead_letter_queue.message_retention_seconds <= 1209600 && floor(var.dead_letter_queue.message_retention_seconds) == var.dead_letter_queue.message_retention_seconds
    error_message = "dead_letter_queue.message_retention_seconds must be a whole number of seconds, 60-1209600 (14 days), for example 1209600. Received: ${var.dead_letter_queue.message_retention_seconds}."
  }
}

variable "max_message_bytes" {
  description = "Largest message that queue and dead-letter queue take, SNS's envelope included, 1024-1048576. Raise it with the topic's own `MaximumMessageSize`: SNS can put an event that is larger than this nowhere, and **it is lost**; only SNS's metrics say so (`alarms`). Version 5 of the AWS provider refuses more than 262144, and so do early versions 6. Default null = 262144."
  type        = number
  default     = null

  validation {
    condition     = var.max_message_bytes == null || (coalesce(var.max_message_bytes, 1024) >= 1024 && coalesce(var.max_message_bytes, 1024) <= 1048576 && floor(coalesce(var.max_message_bytes, 1024)) == coalesce(var.max_message_bytes, 1024))
    error_message = "max_message_bytes must be a whole number of bytes, 1024-1048576 (1 MiB), for example 1048576. Received: ${coalesce(var.max_message_bytes, 0)}."
  }
}

variable "undelivered_queue" {
  description = "Queue for what SNS cannot deliver to the fork's queue; null = the fork's dead-letter queue. For a FIFO topic: AWS's page says that subscriptions of FIFO topics use FIFO queues for this, while a recording of AWS shows a standard one taken. Where an apply is refused for it, give a FIFO queue of your own here, for example `{ arn = aws_sqs_queue.undelivered.arn }`; it must let the topic send."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.undelivered_queue == null || can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}[.]fifo)$", var.undelivered_queue.arn))
    error_message = "undelivered_queue.arn must be the ARN of a queue, for example \"arn:aws:sqs:eu-west-1:123456789012:orders-undelivered.fifo\". Received: ${jsonencode(var.undelivered_queue)}."
  }
}

variable "replace_stores" {
  description = "Permission to replace or remove what holds data: queues (`name`), delivery stream, domain, the module's own bucket. A plan that would do so is refused. To allow it, give a text here that was not here before, for example `\"moved to vpc\"`; the next such plan needs another one. Which inputs: [what a change does](../../docs/changes.md)."
  type        = string
  default     = null
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

variable "log_level" {
  description = "Log level of the function: DEBUG, INFO, WARNING, ERROR or CRITICAL."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, for example \"INFO\". Received: \"${var.log_level}\"."
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

variable "tracing" {
  description = "Whether AWS X-Ray traces the functions: the calls of an invocation and how long they took. Lambda records one invocation a second and 5% of the others, so a busy function costs about 13 dollars a month, more than the rest of its fork. Default false: logs, metrics and dead letters say what became of events."
  type        = bool
  default     = false
  nullable    = false
}

variable "dashboard" {
  description = "Whether CloudWatch gets a dashboard of this fork, `<name>-<region>`: events, lag and failures, and what SNS counts of the topic. Default false: the first 3 dashboards of an account are free, others cost 3 dollars a month."
  type        = bool
  default     = false
  nullable    = false
}

variable "function_vpc" {
  description = "VPC that the functions are in, for example `{ subnet_ids = aws_subnet.private[*].id, security_group_ids = [aws_security_group.functions.id] }`; null = none. Nothing calls them there. They call AWS's APIs over HTTPS, so without a NAT gateway the VPC needs endpoints: docs/security.md lists them."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.function_vpc == null || try(length(var.function_vpc.subnet_ids) >= 1 && length(var.function_vpc.subnet_ids) <= 16 && length(var.function_vpc.security_group_ids) >= 1 && length(var.function_vpc.security_group_ids) <= 5 && alltrue([for ids in values(var.function_vpc) : length(distinct(ids)) == length(ids)]), false)
    error_message = "function_vpc.subnet_ids must be 1-16 different subnets, and security_group_ids 1-5 groups, as Lambda takes them, for example { subnet_ids = [\"subnet-0a1b2c\"], security_group_ids = [\"sg-0a1b2c\"] }. Received: ${jsonencode(var.function_vpc)}."
  }

  validation {
    condition     = try(alltrue(concat([for id in var.function_vpc.subnet_ids : can(regex("^subnet-[0-9a-z]+$", id))], [for id in var.function_vpc.security_group_ids : can(regex("^sg-[0-9a-zA-Z]+$", id))])), true)
    error_message = "function_vpc must have ids of subnets in subnet_ids and of security groups in security_group_ids, for example { subnet_ids = [\"subnet-0a1b2c\"], security_group_ids = [\"sg-0a1b2c\"] }. Received: ${jsonencode(var.function_vpc)}."
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
