################################################################################
# Function
################################################################################

variable "event_type_attribute" {
  description = "Message attribute that becomes the field `event_type` of the document."
  type        = string
  default     = "event_type"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,256}$", var.event_type_attribute))
    error_message = "event_type_attribute must be the name of a message attribute, 1-256 letters, digits or _.-, for example \"event_type\". Received: \"${var.event_type_attribute}\"."
  }
}

variable "environment_variables" {
  description = "Environment variables for the function, 3700 bytes as JSON, with the rules of `redact`. They win over `POWERTOOLS_SERVICE_NAME`, `POWERTOOLS_METRICS_NAMESPACE`, `POWERTOOLS_LOG_LEVEL` and `POWERTOOLS_TRACE_DISABLED`, which the module sets. `ATTRIBUTE_FIELDS`, `DEAD_LETTER_QUEUE_URL`, `DEAD_LETTER_QUEUE_MAX_BYTES`, `DELIVERY_STREAM_NAME`, `DELIVERY_STREAM_COUNT`, `EVENT_TYPE_ATTRIBUTE` and `REDACT` are the module's."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.environment_variables), ["DELIVERY_STREAM_NAME", "DELIVERY_STREAM_COUNT", "ATTRIBUTE_FIELDS", "EVENT_TYPE_ATTRIBUTE", "REDACT"])) == 0
    error_message = "environment_variables must not have DELIVERY_STREAM_NAME, DELIVERY_STREAM_COUNT, ATTRIBUTE_FIELDS, EVENT_TYPE_ATTRIBUTE or REDACT: the module sets them from its own inputs, for example event_type_attribute = \"type\". Received: ${join(", ", keys(var.environment_variables))}."
  }
}

################################################################################
# Delivery stream
################################################################################

variable "index_name" {
  description = "Index that documents go to; Firehose adds the period, for example `orders-2024-05-31`. At most 80 lower-case letters, digits or `_.-`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_.-]{0,79}$", var.index_name))
    error_message = "index_name must be 1-80 lower-case letters, digits or _.- and begin with a letter or digit, for example \"orders\". Received: \"${var.index_name}\"."
  }
}

variable "index_rotation_period" {
  description = "How often a new index begins (UTC): `NoRotation`, `OneHour`, `OneDay`, `OneWeek` or `OneMonth`. Old indexes are the cheapest way to delete old documents."
  type        = string
  default     = "OneDay"
  nullable    = false

  validation {
    condition     = contains(["NoRotation", "OneHour", "OneDay", "OneWeek", "OneMonth"], var.index_rotation_period)
    error_message = "index_rotation_period must be one of NoRotation, OneHour, OneDay, OneWeek, OneMonth, for example \"OneDay\". Received: \"${var.index_rotation_period}\"."
  }
}

variable "document_id" {
  description = "`FIREHOSE_DEFAULT`: Firehose gives each document an id, so that its own retries do not make duplicates. `NO_DOCUMENT_ID`: OpenSearch does, which costs it less."
  type        = string
  default     = "FIREHOSE_DEFAULT"
  nullable    = false

  validation {
    condition     = contains(["FIREHOSE_DEFAULT", "NO_DOCUMENT_ID"], var.document_id)
    error_message = "document_id must be \"FIREHOSE_DEFAULT\" or \"NO_DOCUMENT_ID\", for example \"FIREHOSE_DEFAULT\". Received: \"${var.document_id}\"."
  }
}

variable "retry_duration_seconds" {
  description = "How long Firehose tries again when the domain does not answer or is overloaded, 0-7200, the first attempt included. Then the documents go to the bucket."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.retry_duration_seconds >= 0 && var.retry_duration_seconds <= 7200 && floor(var.retry_duration_seconds) == var.retry_duration_seconds
    error_message = "retry_duration_seconds must be a whole number, 0-7200, for example 300. Received: ${var.retry_duration_seconds}."
  }
}

variable "buffering" {
  description = <<-EOT
    When Firehose delivers, whichever comes first, for example `{ interval_seconds = 60, size_mib = 64 }`:
    - `interval_seconds`: 0-900. Default 300.
    - `size_mib`: 1-100, before compression. Default 5.
  EOT
  type = object({
    interval_seconds = optional(number, 300)
    size_mib         = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.buffering.interval_seconds >= 0 && var.buffering.interval_seconds <= 900 && floor(var.buffering.interval_seconds) == var.buffering.interval_seconds
    error_message = "buffering.interval_seconds must be a whole number, 0-900, for example 300. Received: ${var.buffering.interval_seconds}."
  }

  validation {
    condition     = var.buffering.size_mib >= 1 && var.buffering.size_mib <= 100 && floor(var.buffering.size_mib) == var.buffering.size_mib
    error_message = "buffering.size_mib must be a whole number, 1-100, for example 5. Received: ${var.buffering.size_mib}."
  }
}

variable "transformation_function" {
  description = <<-EOT
    Function that Firehose sends the records through before it writes them; null = none. For example `event_fork.redact.handler` of the shipped package, or your own, for example `{ arn = aws_lambda_function.redact.arn, retries = 3 }`:
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
# Domain
################################################################################

variable "domain" {
  description = "Existing OpenSearch domain; null = the module makes one (`new_domain`). A domain with fine-grained access control must map the delivery role (output `delivery_role_arn`) to a role that may write; one in a VPC needs `vpc`. To give one later removes the module's own domain with its documents; to take it away begins an empty one: `replace_stores` must allow either. For example `{ arn = aws_opensearch_domain.shared.arn, endpoint = aws_opensearch_domain.shared.endpoint }`."
  type        = object({ arn = string, endpoint = string })
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^arn:aws[a-z-]*:es:[a-z0-9-]+:[0-9]{12}:domain/[a-z][a-z0-9-]{2,27}$", var.domain.arn))
    error_message = "domain.arn must be the ARN of an OpenSearch domain, for example \"arn:aws:es:eu-west-1:123456789012:domain/orders\". Received: ${jsonencode(var.domain)}."
  }

  validation {
    condition     = var.domain == null || can(regex("^[A-Za-z0-9][A-Za-z0-9.-]+(:[0-9]+)?$", var.domain.endpoint))
    error_message = "domain.endpoint must be a host name, without https:// and path, for example \"search-orders-abc.eu-west-1.es.amazonaws.com\". Received: ${jsonencode(var.domain)}."
  }
}

locals {
  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html, as cfn-lint 1.58 knows them
  types_with_volumes = [
    "t3[.](small|medium)", "c4[.]([248]?x)?large", "c5[.]((2|4|9|18)?x)?large", "m4[.]((2|4|10)?x)?large", "[mr]5[.]((2|4|12)?x)?large",
    "[cmr]6g[.]((2|4|8|12)?x)?large", "r4[.]((2|4|8|16)?x)?large", "(c7[gi]|c8g|m7i|r7i|om2)[.]((2|4|8|12|16)?x)?large",
    "([mr][78]g|or[12])[.](medium|((2|4|8|12|16)?x)?large)",
  ]
  types_without_volumes = [
    "i2[.]2?xlarge", "(i3|i4g|im4gn)[.]((2|4|8|16)?x)?large", "i4i[.]((2|4|8|12|16|24|32)?x)?large", "(i7i|i8g|r6gd)[.]((2|4|8|12|16)?x)?large",
    "i8ge[.]((2|3|6|12|18)?x)?large", "oi2[.]((2|4|8|12|16|24)?x)?large", "r[78]gd[.](medium|((2|4|8|12|16)?x)?large)",
  ]
}

variable "new_domain" {
  description = <<-EOT
    The domain that the module makes when none is given; encrypted at rest and between nodes, TLS 1.2 at least. A new `name` or `kms_key` replaces it with all its documents: `replace_stores` must allow it:
    - `name`: 3-28 lower-case letters, digits or `-`; null = the fork's name, with a hash at its end where it is no name of a domain.
    - `engine_version`: default `OpenSearch_2.19`. One that AWS does not upgrade the present one to replaces the domain with all its documents: look for it in the plan.
    - `instance_type`, `instance_count`: data nodes. Default 2 x `m7g.medium.search` (`r7g.medium.search` in ca-west-1 and eu-south-1, which do not have it).
    - `zone_count`: Availability Zones of the data nodes, 1-3. Default null = 2 with an even number of nodes, 1 with an odd one; give 3 with 3, 6, 9 nodes where the Region has three.
    - `master_type`, `master_count`: dedicated masters, 0, 3 or 5. Default 3 of the same type.
    - `volume_size_gib`: gp3 volume of each data node. Default 20.
    - `kms_key`: object with the `arn` of a customer managed key; null = the AWS managed key aws/es.
    - `master_user_arn`: turns fine-grained access control on, with this IAM role or user as its administrator; null = off. Taken away later, it changes nothing: AWS does not turn it off again.
    - `logs`: what the domain writes to CloudWatch Logs: `index_slow`, `search_slow`, `application`, and with `master_user_arn` `audit`, which its administrator also turns on in Dashboards. Default [] = none: slow logs hold documents and queries, application logs values that could not be indexed, audit logs requests. Encrypted and kept as `log_kms_key` and `log_retention_days` say. They take one of the 10 resource policies that CloudWatch Logs has in a Region.
    - `access_principal_arns`: IAM principals that the domain's own policy lets in, for example of people who use Dashboards. Default [] = no such policy; permissions of the principals themselves count.
    - `given`: leave it out. The module's own sign that `new_domain` was written, which is refused beside `domain`.
    For example `{ instance_type = "r7g.large.search", instance_count = 3, zone_count = 3, volume_size_gib = 100 }`.
  EOT
  type = object({
    name                  = optional(string)
    engine_version        = optional(string, "OpenSearch_2.19")
    instance_type         = optional(string)
    instance_count        = optional(number, 2)
    zone_count            = optional(number)
    master_type           = optional(string)
    master_count          = optional(number, 3)
    volume_size_gib       = optional(number, 20)
    kms_key               = optional(object({ arn = string }))
    master_user_arn       = optional(string)
    logs                  = optional(list(string), [])
    access_principal_arns = optional(list(string), [])
    given                 = optional(bool, true)
  })
  default  = { given = false }
  nullable = false

  validation {
    condition     = var.new_domain.name == null || can(regex("^[a-z][a-z0-9-]{2,27}$", var.new_domain.name))
    error_message = "new_domain.name must be 3-28 lower-case letters, digits or '-' and begin with a letter, for example \"orders\". Received: ${jsonencode(var.new_domain.name)}."
  }

  validation {
    condition     = can(regex("^OpenSearch_[1-9][0-9]*[.][0-9]+$", var.new_domain.engine_version))
    error_message = "new_domain.engine_version must be an OpenSearch version, for example \"OpenSearch_2.19\". Received: \"${var.new_domain.engine_version}\"."
  }

  # Without those that take no encryption at rest (M3, R3, T2) and UltraWarm's own.
  validation {
    condition     = alltrue([for type in compact([var.new_domain.instance_type, var.new_domain.master_type]) : can(regex("^(${join("|", concat(local.types_with_volumes, local.types_without_volumes))})[.]search$", type))])
    error_message = "new_domain.instance_type and new_domain.master_type must be instance types that OpenSearch Service had in November 2026 (a domain of newer ones: `domain`), for example \"m7g.large.search\". Received: ${jsonencode(var.new_domain.instance_type)}, ${jsonencode(var.new_domain.master_type)}."
  }

  validation {
    condition     = var.new_domain.instance_type == null || !can(regex("^(${join("|", local.types_without_volumes)})[.]search$", var.new_domain.instance_type))
    error_message = "new_domain.instance_type must be one that takes EBS volumes, which the module gives each data node (a domain on the nodes' own disks: `domain`), for example \"m7g.large.search\". Received: ${jsonencode(var.new_domain.instance_type)}."
  }

  validation {
    condition     = var.domain != null || length(var.tags) <= 10 || var.new_domain.name == "-"
    error_message = "tags must be at most 10 with a domain that the module makes, since OpenSearch Service takes no more, for example { team = \"shop\" }. Received ${length(var.tags)}: ${jsonencode(keys(var.tags))}."
  }

  validation {
    condition     = var.new_domain.instance_count >= 1 && var.new_domain.instance_count <= 80 && floor(var.new_domain.instance_count) == var.new_domain.instance_count
    error_message = "new_domain.instance_count must be a whole number, 1-80, for example 2. Received: ${var.new_domain.instance_count}."
  }

  validation {
    condition     = var.new_domain.zone_count == null || (contains([1, 2, 3], coalesce(var.new_domain.zone_count, 1)) && coalesce(var.new_domain.zone_count, 1) <= var.new_domain.instance_count)
    error_message = "new_domain.zone_count must be 1, 2, 3 or null, and not more than instance_count (${var.new_domain.instance_count}), for example 3 with 3 nodes. Received: ${coalesce(var.new_domain.zone_count, 0)}."
  }

  validation {
    condition     = contains([0, 3, 5], var.new_domain.master_count)
    error_message = "new_domain.master_count must be 0, 3 or 5: an even number cannot outvote a split, for example 3. Received: ${var.new_domain.master_count}."
  }

  validation {
    condition     = var.new_domain.volume_size_gib >= 10 && var.new_domain.volume_size_gib <= 36864 && floor(var.new_domain.volume_size_gib) == var.new_domain.volume_size_gib
    error_message = "new_domain.volume_size_gib must be a whole number, 10-36864 (small instance types take less), for example 20. Received: ${var.new_domain.volume_size_gib}."
  }

  validation {
    condition     = var.new_domain.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.new_domain.kms_key.arn))
    error_message = "new_domain.kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.new_domain.kms_key)}."
  }

  validation {
    condition     = alltrue([for arn in var.new_domain.access_principal_arns : can(regex("^(arn:aws[a-z-]*:(iam|sts)::)?[0-9]{12}(:(root|(role|user|assumed-role|federated-user)/[!-)+->@-~]+))?$", arn))])
    error_message = "new_domain.access_principal_arns must be ARNs of IAM principals, or accounts, without \"*\" or \"?\" (a wildcard lets in principals that nobody listed), for example [\"arn:aws:iam::123456789012:role/analyst\"]. Received: ${jsonencode(var.new_domain.access_principal_arns)}."
  }

  validation {
    condition     = var.new_domain.master_user_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[!-)+->@-~]+$", var.new_domain.master_user_arn))
    error_message = "new_domain.master_user_arn must be the ARN of an IAM role or user, for example \"arn:aws:iam::123456789012:role/search-admin\". Received: ${jsonencode(var.new_domain.master_user_arn)}."
  }

  validation {
    condition     = length(setsubtract(var.new_domain.logs, ["index_slow", "search_slow", "application", "audit"])) == 0 && length(distinct(var.new_domain.logs)) == length(var.new_domain.logs)
    error_message = "new_domain.logs must be different ones of index_slow, search_slow, application and audit, for example [\"application\", \"audit\"]. Received: ${jsonencode(var.new_domain.logs)}."
  }

  validation {
    condition     = !contains(var.new_domain.logs, "audit") || var.new_domain.master_user_arn != null
    error_message = "new_domain.logs must have audit only with new_domain.master_user_arn (audit logs are a part of fine-grained access control), for example { logs = [\"audit\"], master_user_arn = \"arn:aws:iam::123456789012:role/search-admin\" }. Received: ${jsonencode(var.new_domain.logs)} and master_user_arn = null."
  }

  validation {
    condition     = var.domain == null || !var.new_domain.given
    error_message = "new_domain is for the domain that the module makes, and an existing one is given: leave one of them out, for example domain = null. Received: domain = \"${try(var.domain.arn, "null")}\", new_domain = ${jsonencode(var.new_domain)}."
  }
}

variable "vpc" {
  description = "Subnets and security groups for a domain inside a VPC: Firehose's network interfaces, and the new domain's where the module makes it. The groups must allow HTTPS among themselves, or to the domain. null = public endpoint, guarded by IAM. A change replaces the delivery stream with what is in its buffer, and from or to null also the module's own domain with its documents: `replace_stores` must allow it. For example `{ subnet_ids = [\"subnet-0a1b2c\", \"subnet-1a1b2c\"], security_group_ids = [\"sg-0a1b2c\"] }`."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) >= 1 && length(var.vpc.subnet_ids) <= 16 && alltrue([for ids in values(var.vpc) : length(distinct(ids)) == length(ids)]) && length(var.vpc.security_group_ids) >= 1 && length(var.vpc.security_group_ids) <= 5 && alltrue([for id in var.vpc.subnet_ids : can(regex("^subnet-[0-9a-z]+$", id))]) && alltrue([for id in var.vpc.security_group_ids : can(regex("^sg-[0-9a-zA-Z]+$", id))]), false)
    error_message = "vpc.security_group_ids must be 1-5 different ids of security groups, and vpc.subnet_ids 1-16 of subnets, for example { subnet_ids = [\"subnet-0a1b2c\"], security_group_ids = [\"sg-0a1b2c\"] }. Received: ${jsonencode(var.vpc)}."
  }

  validation {
    condition     = var.vpc == null || var.domain != null || try(length(var.vpc.subnet_ids) >= local.zones, true)
    error_message = "vpc must have a subnet in each of the new domain's ${local.zones} zones, for example { subnet_ids = [\"subnet-0a1b2c\", \"subnet-1a1b2c\"], security_group_ids = [\"sg-0a1b2c\"] } for 2 data nodes. Received: ${try(jsonencode(var.vpc), "null")}."
  }
}

################################################################################
# Index template, alias, retention
################################################################################

variable "index_management" {
  description = <<-EOT
    What the module keeps in the domain for this index, by a function that `terraform apply` and `destroy` invoke. For example `{ retention_days = 90, alias = "all-orders" }`:
    - `enabled`: false = nothing is kept there, and message attributes are texts in `event_text`. Default true.
    - `mappings`: JSON text (`jsonencode`) of mappings for the message's own fields, for example `jsonencode({ properties = { due = { type = "keyword" } } })`. `@timestamp`, `event_attributes` and `event_text` are the module's; `event_id` and `event_type` may be `keyword`.
    - `settings`: JSON text of index settings, for example `jsonencode({ index = { number_of_replicas = 1 } })`.
    - `priority`: of the index template. OpenSearch takes the matching template with the highest one, alone. Default null = 100 and the length of `index_name`, and an apply that fails where another template of the domain matches too.
    - `alias`: one name for all periods' indices. Default null = `<index_name>-all`; "" = none.
    - `retention_days`: indices are deleted so many days after the end of their period, 1-36500. Default null = never. Needs a rotation.
    - `dashboards`: an object puts a dashboard with its panels and an index pattern into OpenSearch Dashboards, for example `{ numbers = ["amount"], values = ["customer.country.keyword"] }`. `numbers` are fields that are summed over time, `values` fields whose most frequent values are counted, 20 at most in all, by the names that an aggregation takes. `tenant`: of a domain with fine-grained access control. Default "global". Default null = none.
    - `map_delivery_role`: true in a domain with fine-grained access control gives the delivery role a role there that may write the fork's indices and nothing else. Who keeps the index must be an administrator of the domain: the function's role (output `index_management_role_arn`), or the user of `credentials_secret`. Default false.
    - `credentials_secret`: object with the `arn` of a secret of Secrets Manager that holds `username` and `password`, for a domain with its own users. `kms_key_arn`: the customer managed key that the secret is encrypted with, null = none. Default null = requests signed by the function's role (output `index_management_role_arn`).
  EOT
  type = object({
    enabled        = optional(bool, true)
    mappings       = optional(string)
    settings       = optional(string)
    priority       = optional(number)
    alias          = optional(string)
    retention_days = optional(number)
    dashboards = optional(object({
      numbers = optional(list(string), [])
      values  = optional(list(string), [])
      tenant  = optional(string, "global")
    }))
    map_delivery_role  = optional(bool, false)
    credentials_secret = optional(object({ arn = string, kms_key_arn = optional(string) }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(keys(jsondecode(coalesce(var.index_management.mappings, "{}")))) && length(setintersection(try(keys(jsondecode(var.index_management.mappings)), []), ["_routing", "_source"])) == 0 && alltrue([for name, mapping in try(jsondecode(var.index_management.mappings).properties, {}) : !contains(["@timestamp", "event_attributes", "event_text"], name) && (!contains(["event_id", "event_type"], name) || try(mapping.type == "keyword", false))])
    error_message = "index_management.mappings must be the JSON text of an object. Its properties must not be @timestamp, event_attributes or event_text, which are the module's; event_id and event_type may be keyword. _source and _routing stay as they are: documents are read back, and have no routing. For example jsonencode({ properties = { due = { type = \"keyword\" } } }). Received: ${coalesce(var.index_management.mappings, "null")}."
  }

  validation {
    condition     = can(keys(jsondecode(coalesce(var.index_management.settings, "{}"))))
    error_message = "index_management.settings must be the JSON text of an object, for example jsonencode({ index = { number_of_shards = 2 } }). Received: ${coalesce(var.index_management.settings, "null")}."
  }

  validation {
    condition     = var.index_management.priority == null || try(var.index_management.priority >= 0 && floor(var.index_management.priority) == var.index_management.priority, false)
    error_message = "index_management.priority must be a whole number of at least 0, for example 200. Received: ${try(coalesce(var.index_management.priority), "null")}."
  }

  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9_.-]{0,99})?$", coalesce(var.index_management.alias, "a"))) && var.index_management.alias != var.index_name && !startswith(coalesce(var.index_management.alias, "-"), "${var.index_name}-2")
    error_message = "index_management.alias must be at most 100 lower-case letters, digits or _.- that begin with a letter or a digit, and no name that an index of the fork may have (${var.index_name}, ${var.index_name}-2...). For example \"${var.index_name}-all\"; \"\" = none. Received: ${jsonencode(var.index_management.alias)}."
  }

  validation {
    condition     = var.index_management.retention_days == null || try(var.index_rotation_period != "NoRotation" && var.index_management.retention_days >= 1 && var.index_management.retention_days <= 36500 && floor(var.index_management.retention_days) == var.index_management.retention_days, false)
    error_message = "index_management.retention_days must be a whole number of 1-36500, with an index_rotation_period other than NoRotation: whole indices are deleted; for example 90. Received: ${try(coalesce(var.index_management.retention_days), "null")} with \"${var.index_rotation_period}\"."
  }

  validation {
    condition     = var.index_management.dashboards == null || try(length(concat(var.index_management.dashboards.numbers, var.index_management.dashboards.values)) <= 20 && length(distinct(concat(var.index_management.dashboards.numbers, var.index_management.dashboards.values))) == length(concat(var.index_management.dashboards.numbers, var.index_management.dashboards.values)) && alltrue([for field in concat(var.index_management.dashboards.numbers, var.index_management.dashboards.values) : can(regex("^[^\\x00-\\x20\"*\\x7f][^\\x00-\\x1f\"*\\x7f]{0,199}$", field)) && split(".", field)[0] != "event_attributes"]), false)
    error_message = "index_management.dashboards must have at most 20 different fields in numbers and values, each of 1-200 characters without quotes, \"*\" and control characters, and none below event_attributes, which OpenSearch does not count by. For example { numbers = [\"amount\"], values = [\"customer.country.keyword\"] }. Received: ${try(jsonencode(var.index_management.dashboards), "null")}."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", try(var.index_management.dashboards.tenant, "global"))) && try(var.index_management.dashboards.tenant, "global") != "private"
    error_message = "index_management.dashboards.tenant must be 1-100 letters, digits or _.- that begin with a letter or digit, and not \"private\", which nobody else would see; for example \"global\". Received: ${jsonencode(try(var.index_management.dashboards.tenant, null))}."
  }

  validation {
    condition     = var.index_management.credentials_secret == null || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,512}$", var.index_management.credentials_secret.arn))
    error_message = "index_management.credentials_secret.arn must be the ARN of a secret, for example \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-admin-a1b2c3\". Received: ${jsonencode(var.index_management.credentials_secret)}."
  }

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", try(coalesce(var.index_management.credentials_secret.kms_key_arn), "arn:aws:kms:eu-west-1:123456789012:key/-")))
    error_message = "index_management.credentials_secret.kms_key_arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.index_management.credentials_secret)}."
  }
}

################################################################################
# Bucket
################################################################################

variable "s3_backup_mode" {
  description = "What the bucket gets: `FailedDocumentsOnly` (what could not be indexed) or `AllDocuments` (every document too). A change replaces the delivery stream with what is in its buffer: `replace_stores` must allow it."
  type        = string
  default     = "FailedDocumentsOnly"
  nullable    = false

  validation {
    condition     = contains(["FailedDocumentsOnly", "AllDocuments"], var.s3_backup_mode)
    error_message = "s3_backup_mode must be \"FailedDocumentsOnly\" or \"AllDocuments\", for example \"FailedDocumentsOnly\". Received: \"${var.s3_backup_mode}\"."
  }
}

variable "prefix" {
  description = "Prefix of the object keys: rejected documents go to `errors/<prefix><kind>/date=yyyy-MM-dd/...`, with `AllDocuments` every document to `<prefix>date=yyyy-MM-dd/hour=HH/...`. Empty, or ending with `/`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_.=+@-][A-Za-z0-9_.=+@/-]{0,698}/)?$", var.prefix)) && !can(regex("^(errors|athena-results|event-fork-replays)/", var.prefix))
    error_message = "prefix must be empty, or at most 700 letters, digits and _.=+@-/ that end with \"/\" and do not begin with \"/\", \"errors/\", \"athena-results/\" (deleted after 30 days) or \"event-fork-replays/\" (the replays' own), for example \"orders/\". Received: \"${var.prefix}\"."
  }
}

variable "compression" {
  description = "Compression of the objects in the bucket: `GZIP`, `ZIP`, `Snappy` or `UNCOMPRESSED`."
  type        = string
  default     = "GZIP"
  nullable    = false

  validation {
    condition     = contains(["UNCOMPRESSED", "GZIP", "ZIP", "Snappy"], var.compression)
    error_message = "compression must be one of UNCOMPRESSED, GZIP, ZIP, Snappy, for example \"GZIP\". Received: \"${var.compression}\"."
  }
}

variable "bucket" {
  description = "Existing bucket for rejected documents; null = the module makes one: private, versioned, encrypted, TLS only. Nothing of an existing bucket is changed; it must be in the fork's Region and, in another account, let the delivery role (output `delivery_role_arn`) write. To give one later removes the module's own bucket with its objects; to take it away begins an empty one: `replace_stores` must allow either. For example `{ arn = aws_s3_bucket.archive.arn, name = aws_s3_bucket.archive.bucket }`."
  type        = object({ arn = string, name = string })
  default     = null

  validation {
    condition     = var.bucket == null || try(regex("^arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", var.bucket.arn)[0] == var.bucket.name && !strcontains(var.bucket.name, ".."), false)
    error_message = "bucket must have the ARN of an S3 bucket and its name (3-63 small letters, digits, dots or hyphens), for example { arn = \"arn:aws:s3:::orders-archive\", name = \"orders-archive\" }. Received: ${jsonencode(var.bucket)}."
  }
}

variable "lifecycle_rules" {
  description = <<-EOT
    Lifecycle rules of the module's own bucket, in addition to the one that aborts incomplete multipart uploads after 7 days. Each has, for example `[{ id = "old", transitions = [{ days = 90, storage_class = "GLACIER_IR" }], expiration_days = 400 }]`:
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
# Alarms
################################################################################

variable "alarms" {
  description = <<-EOT
    CloudWatch alarms; null = none. With an object, alarms say when the dead-letter queue is not empty or messages wait too long, when delivery to the domain or to the bucket is late or fails, and when records are throttled. The transformation function and `kms_key` are watched too where they are in use.
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
