variable "name" {
  description = "Name of the fork, unique in account and Region. Table, queue, function and log group are named after it. 3-40 letters, digits, `-` or `_`."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "ARN of the SNS topic to listen to. The topic itself is not changed."
  type        = string
  nullable    = false
}

variable "filter_policy" {
  description = "SNS filter policy on message attributes as JSON text (`jsonencode`); null = all messages."
  type        = string
  default     = null
}

variable "lambda_package" {
  description = "Code of the function, as in modules/fork; {} = the package that comes with this project."
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
  description = "Layer version with Powertools for AWS Lambda (Python); null = the public layer of AWS."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
