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
  description = "Zip of function/audit_log.py; null = audit_log.zip beside this file."
  type        = string
  default     = null
}
