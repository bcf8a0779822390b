variable "name" {
  description = "What everything in this example is named after."
  type        = string
  default     = "orders"
  nullable    = false
}

variable "powertools_layer_arn" {
  description = "Layer version with Powertools for AWS Lambda (Python); null = the public layer of AWS."
  type        = string
  default     = null
}

variable "buffering_interval_seconds" {
  description = "How long Firehose gathers events of a partition before it writes an object, 60-900."
  type        = number
  default     = 60
  nullable    = false
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete a bucket that still holds events."
  type        = bool
  default     = false
  nullable    = false
}
