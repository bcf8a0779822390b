variable "name" {
  description = "Name of the delivery stream; the fork's."
  type        = string
  nullable    = false
}

variable "stream_count" {
  description = "How many streams there are; the role, the log and the function's environment are for all of them."
  type        = number
  default     = 1
  nullable    = false
}

variable "location" {
  description = "Where the stream stands, as modules/fork says."
  type        = object({ region = string, account_id = string, dns_suffixes = list(string) })
  nullable    = false
}

variable "bucket" {
  description = "Bucket that objects go to; `given` says whether the user passed it in, so that it may belong to another account."
  type        = object({ arn = string, given = bool })
  nullable    = false
}

variable "bucket_kms_key" {
  description = "Customer managed key that objects are encrypted with; null = whatever the bucket does by default."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.bucket_kms_key == null || try(split(":", var.bucket_kms_key.arn)[3] == var.location.region, true)
    error_message = "bucket_kms_key.arn must be a key of the bucket's Region (${var.location.region}), for example \"arn:aws:kms:${var.location.region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.bucket_kms_key)}."
  }
}

variable "object_prefixes" {
  description = "Prefixes that the stream may write under."
  type        = list(string)
  nullable    = false
}

variable "transformation_function" {
  description = "Function that Firehose sends every batch of records through; null = none."
  type = object({
    arn                     = string
    buffer_size_mib         = optional(number, 1)
    buffer_interval_seconds = optional(number, 60)
    retries                 = optional(number, 3)
  })
  default = null

  validation {
    condition     = var.transformation_function == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[$A-Za-z0-9_-]{1,128})?$", var.transformation_function.arn))
    error_message = "transformation_function.arn must be the ARN of a function, a version or an alias, for example \"arn:aws:lambda:eu-west-1:123456789012:function:redact\". Received: ${jsonencode(try(var.transformation_function.arn, null))}."
  }

  validation {
    condition     = var.transformation_function == null || try(split(":", var.transformation_function.arn)[3] == var.location.region, true)
    error_message = "transformation_function.arn must be a function of the stream's Region (${var.location.region}), for example \"arn:aws:lambda:${var.location.region}:123456789012:function:redact\". Received: ${jsonencode(try(var.transformation_function.arn, null))}."
  }

  validation {
    condition     = try(var.transformation_function.buffer_size_mib >= 0.2 && var.transformation_function.buffer_size_mib <= 3, true)
    error_message = "transformation_function.buffer_size_mib must be 0.2-3, for example 1: an invocation takes at most 6 MB and base64 adds a third. Received: ${try(var.transformation_function.buffer_size_mib, 1)}."
  }

  validation {
    condition     = try(var.transformation_function.buffer_interval_seconds >= 0 && var.transformation_function.buffer_interval_seconds <= 900 && floor(var.transformation_function.buffer_interval_seconds) == var.transformation_function.buffer_interval_seconds, true)
    error_message = "transformation_function.buffer_interval_seconds must be a whole number, 0-900, for example 60. Received: ${try(var.transformation_function.buffer_interval_seconds, 60)}."
  }

  validation {
    condition     = try(var.transformation_function.retries >= 0 && var.transformation_function.retries <= 300 && floor(var.transformation_function.retries) == var.transformation_function.retries, true)
    error_message = "transformation_function.retries must be a whole number, 0-300, for example 3. Received: ${try(var.transformation_function.retries, 3)}."
  }
}

variable "statements" {
  description = "What the role may do beyond writing objects and logs."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
  default  = []
  nullable = false
}

variable "log_retention_days" {
  description = "Days that Firehose's error log is kept."
  type        = number
  nullable    = false
}

variable "log_kms_key" {
  description = "Customer managed key for the log groups; null = encryption by CloudWatch Logs."
  type        = object({ arn = string })
  default     = null
}

variable "roles" {
  description = "IAM path and permissions boundary of the role."
  type = object({
    permissions_boundary = optional(string)
    path                 = optional(string, "/")
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(var.roles.path) <= 411
    error_message = "roles.path must have at most 411 characters here: Firehose takes ARNs of roles of at most 512. For example \"/event-forks/\". Received: \"${var.roles.path}\"."
  }
}

variable "stream" {
  description = "What the alarms must know about the stream: where it delivers (`S3` or `AmazonOpenSearchService`, as Firehose's metrics call it), whether its own encryption uses a customer managed key, whether it partitions and converts."
  type = object({
    destination          = string
    customer_managed_key = bool
    partitioned          = optional(bool, false)
    converts             = optional(bool, false)
  })
  nullable = false
}

variable "alarms" {
  description = "CloudWatch alarms on the stream; null = none. `delivery_delay_seconds` = 0: none on late delivery."
  type = object({
    actions                = list(string)
    delivery_delay_seconds = number
  })
  default = null
}

variable "tags" {
  description = "Tags for everything that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}
