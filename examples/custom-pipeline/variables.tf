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

variable "function_zip" {
  description = "Zip of the folder audit/; null = audit.zip beside this file (README.md says how to make it)."
  type        = string
  default     = null
}
