# Checked by the modules that call this one, whose inputs these are.

variable "name" {
  description = "Name of the function; log group and role are named after it."
  type        = string
  nullable    = false
}

variable "description" {
  description = "Description of the function."
  type        = string
  nullable    = false
}

variable "handler" {
  description = "Handler of the function."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Partition, Region and account that the function stands in."
  type        = object({ partition = string, region = string, account_id = string })
  nullable    = false
}

variable "function" {
  description = "Settings of the function."
  type = object({
    memory_size          = number
    timeout_seconds      = number
    runtime              = string
    architecture         = string
    reserved_concurrency = optional(number)
  })
  nullable = false
}

variable "lambda_package" {
  description = "Code of the function; {} = the package that comes with this module."
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

variable "layers" {
  description = "ARNs of more layer versions."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "environment_variables" {
  description = "Environment variables beside those of Powertools, over which they win."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "policy_name" {
  description = "Name of the role's inline policy; a change makes the policy again."
  type        = string
  nullable    = false
}

variable "policy_statements" {
  description = "What the function may do beyond writing its logs and traces."
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
  nullable = false
}

variable "vpc" {
  description = "Subnets and security groups of the VPC that the function is in; null = none."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}

variable "tracing" {
  description = "Whether X-Ray traces the function."
  type        = bool
  nullable    = false
}

variable "log_level" {
  description = "Log level of the function."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "log_kms_key" {
  description = "Customer managed key for the log group; null = encryption by CloudWatch Logs."
  type        = object({ arn = string })
  default     = null
}

variable "roles" {
  description = "IAM path and permissions boundary of the role."
  type = object({
    permissions_boundary = optional(string)
    path                 = optional(string, "/")
  })
  nullable = false
}

variable "tags" {
  description = "Tags for everything that can have them."
  type        = map(string)
  nullable    = false
}
