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
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "bucket_kms_key.arn must be the ARN of a key, not of an alias, for example \"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\". Received: ${jsonencode(var.kms_key)}."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys the objects in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "lifecycle_rules" {
  description = "Lifecycle rules that the user wants, beside the module's own."
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
    condition     = alltrue([for rule in var.lifecycle_rules : can(regex("^[^[:cntrl:]]{1,240}$", rule.id)) && try(length(rule.prefix) <= 1024, false)])
    error_message = "lifecycle_rules[*].id must be 1-240 characters, and prefix at most 1024, for example { id = \"archive-after-90-days\", expiration_days = 90 }. Received: ${jsonencode(var.lifecycle_rules)}."
  }

  validation {
    condition = anytrue([for ids in [[for rule in var.lifecycle_rules : try(rule.id, null)]] :
      length(distinct(concat(local.own_rule_ids, ids, [for id in compact(ids) : "${id}-delete-markers"]))) == length(local.own_rule_ids) + length(ids) + length(compact(ids))
    ])
    error_message = "lifecycle_rules[*].id must be unique, and not one of the module's own (${join(", ", local.own_rule_ids)}) or another id with \"-delete-markers\", which the module uses too, for example \"archive-after-90-days\". Received: ${jsonencode([for rule in var.lifecycle_rules : try(rule.id, null)])}."
  }

  validation {
    condition     = alltrue([for rule in var.lifecycle_rules : try(length(rule.transitions) > 0 || rule.expiration_days != null || rule.noncurrent_version_expiration_days != null, true)])
    error_message = "lifecycle_rules must each have transitions, expiration_days or noncurrent_version_expiration_days, for example { id = \"archive\", transitions = [{ days = 90, storage_class = \"GLACIER_IR\" }] }. Received: ${jsonencode(var.lifecycle_rules)}."
  }

  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [for transition in try(coalesce(rule.transitions, []), []) :
      try(contains(["GLACIER", "GLACIER_IR", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"], transition.storage_class), false)
    ]]))
    error_message = "lifecycle_rules[*].transitions[*].storage_class must be GLACIER, GLACIER_IR, DEEP_ARCHIVE, INTELLIGENT_TIERING, ONEZONE_IA or STANDARD_IA, for example \"GLACIER_IR\". Received: ${jsonencode(try(flatten(var.lifecycle_rules[*].transitions), null))}."
  }

  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [for transition in try(coalesce(rule.transitions, []), []) : try(
      transition.days >= (contains(["ONEZONE_IA", "STANDARD_IA"], coalesce(transition.storage_class, "-")) ? 30 : 0) && floor(transition.days) == transition.days
      && (rule.expiration_days == null || transition.days < coalesce(rule.expiration_days, 0)), transition == null)
    ]]))
    error_message = "lifecycle_rules[*].transitions[*].days must be a whole number of 0 or more, at least 30 for STANDARD_IA and ONEZONE_IA, and less than expiration_days, for example { days = 90, storage_class = \"GLACIER_IR\" }. Received: ${jsonencode([for rule in var.lifecycle_rules : { id = try(rule.id, null), days = try(rule.transitions[*].days, null), expiration_days = try(rule.expiration_days, null) }])}."
  }

  # S3 only moves objects down this list, and out of an IA class after 30 days.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [for place, one in try(coalesce(rule.transitions, []), []) : [for other in slice(rule.transitions, place + 1, length(rule.transitions)) : try(anytrue([
      for pair in [[one, other], [other, one]] : index(local.storage_classes, pair[0].storage_class) < index(local.storage_classes, pair[1].storage_class) && pair[1].days >= pair[0].days + (endswith(pair[0].storage_class, "_IA") ? 30 : 1)
    ]), true)]]]))
    error_message = "lifecycle_rules[*].transitions must go down ${join(", ", local.storage_classes)}, each class once and on a later day (30 days later out of STANDARD_IA and ONEZONE_IA). For example [{ days = 30, storage_class = \"STANDARD_IA\" }, { days = 90, storage_class = \"GLACIER\" }]. Received: ${jsonencode(var.lifecycle_rules)}."
  }

  validation {
    condition = alltrue(flatten([for rule in var.lifecycle_rules : [for days in [try(rule.expiration_days, null), try(rule.noncurrent_version_expiration_days, null)] :
      days == null || (coalesce(days, 1) >= 1 && coalesce(days, 1) <= 2147483647 && floor(coalesce(days, 1)) == coalesce(days, 1))
    ]]))
    error_message = "lifecycle_rules[*].expiration_days and noncurrent_version_expiration_days must be a whole number, 1-2147483647, for example { id = \"old\", expiration_days = 400 }. Received: ${jsonencode(var.lifecycle_rules)}."
  }
}

variable "own_lifecycle_rules" {
  description = "Lifecycle rules of the module that makes the bucket."
  type        = list(object({ id = string, prefix = string, expiration_days = optional(number), noncurrent_version_expiration_days = optional(number) }))
  default     = []
  nullable    = false
}

locals {
  storage_classes = ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
  own_rule_ids    = concat(["abort-incomplete-multipart-uploads"], var.own_lifecycle_rules[*].id)
}

variable "tags" {
  description = "Tags for the bucket."
  type        = map(string)
  default     = {}
  nullable    = false
}
