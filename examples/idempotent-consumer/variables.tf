variable "name" {
  description = "What everything in this example is named after."
  type        = string
  default     = "orders"
  nullable    = false
}

variable "function_zip" {
  description = "Zip of function/payments.py; null = payments.zip beside this file."
  type        = string
  default     = null
}

variable "buffering_interval_seconds" {
  description = "Seconds that Firehose gathers events before it writes an object."
  type        = number
  default     = 300
  nullable    = false
}

variable "bucket_force_destroy" {
  description = "Whether `terraform destroy` deletes the archive too. Default false: an archive is for keeping."
  type        = bool
  default     = false
  nullable    = false
}

variable "powertools_layer_arn" {
  description = "Layer version with Powertools for AWS Lambda (Python); null = the public layer of AWS."
  type        = string
  default     = null
}
