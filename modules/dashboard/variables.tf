variable "name" {
  description = "Name of the dashboard, letters, digits, `-` or `_`; a hash takes the place of the end of one with more than 255."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "ARN of the topic."
  type        = string
  nullable    = false
}

variable "forks" {
  description = "The forks that have a row, by name; `streams`: the delivery streams, and what Firehose's metrics call its destination (`S3` or `AmazonOpenSearchService`)."
  type = map(object({
    queue_arn              = string
    dead_letter_queue_name = string
    function_name          = string
    streams                = optional(object({ names = list(string), destination = string }))
  }))
  nullable = false
}
