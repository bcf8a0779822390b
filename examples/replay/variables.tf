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

variable "enabled" {
  description = "true replays: every event that waits goes to the checkout queue again."
  type        = bool
  default     = false
  nullable    = false
}
