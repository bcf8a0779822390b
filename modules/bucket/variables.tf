variable "name" {
  description = "Name of the fork; the bucket's name begins with it."
  type        = string
  nullable    = false
}

variable "kms_key" {
  description = "Customer managed key for default encryption; null = the AWS managed key aws/s3."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "bucket_kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: \"${try(var.kms_key.arn, "null")}\"."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys the objects in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "lifecycle_rules" {
  description = "Lifecycle rules beside the one that aborts incomplete multipart uploads after 7 days."
  type = list(object({
    id      = string
    prefix  = optional(string, "")
    enabled = optional(bool, true)
    transitions = optional(list(object({
      days          = number
      storage_class = string
    })), [])
    expiration_days                    = optional(number)
    noncurrent_version_expiration_days = optional(number)
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(distinct(concat(["abort-incomplete-multipart-uploads"], var.lifecycle_rules[*].id, [for rule in var.lifecycle_rules : "${rule.id}-delete-markers"]))) == 2 * length(var.lifecycle_rules) + 1
    error_message = "lifecycle_rules[*].id must be unique, and not \"abort-incomplete-multipart-uploads\" or another id with \"-delete-markers\", which the module uses, for example \"archive-after-90-days\". Received: ${join(", ", var.lifecycle_rules[*].id)}."
  }

  validation {
    condition     = alltrue([for rule in var.lifecycle_rules : length(rule.transitions) > 0 || rule.expiration_days != null || rule.noncurrent_version_expiration_days != null])
    error_message = "lifecycle_rules must each have transitions, expiration_days or noncurrent_version_expiration_days, for example { id = \"archive\", transitions = [{ days = 90, storage_class = \"GLACIER_IR\" }] }. Received without: ${join(", ", [for rule in var.lifecycle_rules : rule.id if length(rule.transitions) == 0 && rule.expiration_days == null && rule.noncurrent_version_expiration_days == null])}."
  }

  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [for transition in rule.transitions :
      contains(["GLACIER", "GLACIER_IR", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"], transition.storage_class)
    ]]))
    error_message = "lifecycle_rules[*].transitions[*].storage_class must be GLACIER, GLACIER_IR, DEEP_ARCHIVE, INTELLIGENT_TIERING, ONEZONE_IA or STANDARD_IA, for example \"GLACIER_IR\". Received: ${join(", ", flatten(var.lifecycle_rules[*].transitions[*].storage_class))}."
  }

  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [for transition in rule.transitions :
      transition.days >= (contains(["ONEZONE_IA", "STANDARD_IA"], transition.storage_class) ? 30 : 0)
      && (rule.expiration_days == null || transition.days < coalesce(rule.expiration_days, 0))
    ]]))
    error_message = "lifecycle_rules[*].transitions[*].days must be 0 or more, at least 30 for STANDARD_IA and ONEZONE_IA, and less than expiration_days, for example { days = 90, storage_class = \"GLACIER_IR\" }. Received: ${jsonencode([for rule in var.lifecycle_rules : { id = rule.id, days = rule.transitions[*].days, expiration_days = rule.expiration_days }])}."
  }
}

variable "tags" {
  description = "Tags for the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}
