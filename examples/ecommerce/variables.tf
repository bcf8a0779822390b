################################################################################
# All
################################################################################

variable "name" {
  description = "Begin of every name of the example, so that it can stand several times in one account and Region. 1-24 lower-case letters, digits or `-`, beginning with a letter."
  type        = string
  default     = "ecommerce"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name))
    error_message = "name must be 1-24 lower-case letters, digits or '-', and begin with a letter, for example \"ecommerce\". Received: \"${var.name}\"."
  }
}

variable "tags" {
  description = "Tags of everything that can have them."
  type        = map(string)
  default     = { application = "ecommerce" }
  nullable    = false
}

################################################################################
# Functions
################################################################################

variable "powertools_layer_arn" {
  description = "ARN of a layer version with Powertools for AWS Lambda (Python) 3, for all functions; null = AWS's public layer."
  type        = string
  default     = null
}

variable "bug_enabled" {
  description = "Whether CheckoutFunction writes wrong rows (a hundredth of the amount, status unpaid), for the walk-through in the README: a replay heals them after the fix."
  type        = bool
  default     = false
  nullable    = false
}

################################################################################
# API
################################################################################

variable "api_authorization" {
  description = "Who may place orders: `NONE` (default: anybody who knows the address, as the walk-through needs it; calls are throttled) or `AWS_IAM` (callers sign their requests and need execute-api:Invoke)."
  type        = string
  default     = "NONE"
  nullable    = false

  validation {
    condition     = contains(["NONE", "AWS_IAM"], var.api_authorization)
    error_message = "api_authorization must be \"NONE\" or \"AWS_IAM\", for example \"AWS_IAM\". Received: \"${var.api_authorization}\"."
  }
}

variable "api_throttling" {
  description = "How many requests the API takes from all callers together: `rate` a second (default 100), and `burst` at once (default 200). What is above gets 429. An open address without it is a bill without a limit."
  type = object({
    rate  = optional(number, 100)
    burst = optional(number, 200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.api_throttling.rate > 0 && var.api_throttling.rate <= 10000
    error_message = "api_throttling.rate must be above 0 and at most 10000 requests a second, an account's quota, for example 100. Received: ${var.api_throttling.rate}."
  }

  validation {
    condition     = var.api_throttling.burst >= 1 && var.api_throttling.burst <= 5000 && floor(var.api_throttling.burst) == var.api_throttling.burst
    error_message = "api_throttling.burst must be a whole number, 1-5000, an account's quota, for example 200. Received: ${var.api_throttling.burst}."
  }
}

variable "max_order_bytes" {
  description = "The largest request body that is taken as an order, 1024-245760 bytes: an SNS message has 256 KiB at most, with its attributes. A larger one gets 400."
  type        = number
  default     = 65536
  nullable    = false

  validation {
    condition     = var.max_order_bytes >= 1024 && var.max_order_bytes <= 245760 && floor(var.max_order_bytes) == var.max_order_bytes
    error_message = "max_order_bytes must be a whole number, 1024-245760, for example 65536. Received: ${var.max_order_bytes}."
  }
}

################################################################################
# Forks
################################################################################

variable "replay_enabled" {
  description = "Whether the orders that wait in the replay queue (up to 14 days) go to CheckoutQueue again. false keeps collecting them."
  type        = bool
  default     = false
  nullable    = false
}

variable "search_domain" {
  description = "OpenSearch Service domain for the orders, for example { arn = aws_opensearch_domain.this.arn, endpoint = aws_opensearch_domain.this.endpoint }; null = the module makes one, which takes about 20 minutes and is the example's main cost."
  type = object({
    arn      = string
    endpoint = string
  })
  default = null
}

variable "search_buffering_seconds" {
  description = "How long Firehose collects orders before it sends them to the index, 0-900 seconds."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.search_buffering_seconds >= 0 && var.search_buffering_seconds <= 900
    error_message = "search_buffering_seconds must be 0-900, for example 60. Received: ${var.search_buffering_seconds}."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the buckets with everything in them. Default false: it stops at a bucket that holds orders."
  type        = bool
  default     = false
  nullable    = false
}
