# Checked by modules/replay, whose inputs these are.

variable "name" {
  description = "Name of the replay; state machine, functions, log groups, roles and the parameter are named after it."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Where the engine stands, as modules/fork says."
  type        = object({ partition = string, region = string, account_id = string, dns_suffixes = list(string) })
  nullable    = false
}

variable "archive" {
  description = "The archive: `bucket` (`arn`, `name`), key `prefix` before the folders of times, their `layout`, `kms_key` of the bucket."
  type = object({
    bucket  = object({ arn = string, name = string })
    prefix  = string
    layout  = string
    kms_key = object({ arn = string })
  })
  nullable = false
}

variable "targets" {
  description = "Queues that a plan may name, and no others."
  type = list(object({
    arn                   = string
    url                   = string
    kms_key_arn           = optional(string)
    dead_letter_queue_arn = optional(string)
    idempotent            = optional(bool, false)
    shadow                = optional(bool, false)
  }))
  nullable = false
}

variable "worker" {
  description = "Settings of the worker function; runtime and architecture are the governor's too."
  type = object({
    memory_size     = number
    timeout_seconds = number
    runtime         = string
    architecture    = string
  })
  nullable = false
}

variable "lambda_package" {
  description = "Code of the functions; {} = the package that comes with this module."
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    source_code_hash  = optional(string)
  })
  nullable = false
}

variable "powertools_layer_arn" {
  description = "ARN of a layer version with Powertools for AWS Lambda (Python); null = AWS's public layer, \"\" = no such layer."
  type        = string
  default     = null
}

variable "vpc" {
  description = "Subnets and security groups of the VPC that the functions are in; null = none."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

variable "tracing" {
  description = "Whether X-Ray traces the functions."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "Log level of the functions."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "log_kms_key" {
  description = "Customer managed key for the log groups; null = encryption by CloudWatch Logs."
  type        = object({ arn = string })
  default     = null
}

variable "roles" {
  description = "IAM path and permissions boundary of the roles."
  type = object({
    permissions_boundary = optional(string)
    path                 = optional(string, "/")
  })
  default  = {}
  nullable = false
}

variable "alarms" {
  description = "Alarms and whom they notify; null = none."
  type        = object({ actions = list(string) })
  default     = null
}

variable "tags" {
  description = "Tags for everything that can have them."
  type        = map(string)
  nullable    = false
}
