# ONLY EDIT THIS FILE IN modules/storage-backup: `make docs` copies it into search-analytics as it is.

variable "redact" {
  description = <<-EOT
    What is taken out of every event before anything is stored. Each rule has one of:
    - `path`: members of the published JSON: `$`, `.name`, `.name*` (all that begin so), `['name']`, `[*]`, `[n]` and `..name` (at any depth), for example `$.payment.card`. A message into which no path leads (no JSON, a bare string or number) goes to the dead-letter queue.
    - `attribute`: message attributes of that name, or of all names that begin so: `card-*`.
    - `subject = true`: the Subject.
    - `detect`: `card_number` (13 to 19 digits that pass Luhn's check), `iban` or `email`, anywhere in message, Subject and message attributes.
    And may have:
    - `action`: `remove` (default), `mask` (default of a detector) or `audit` (count, change nothing).
    - `mask`: text put in the place of a masked value; default `***`. `keep_last`: so many of its last characters (1 to 4) stay; card numbers and IBANs.
    - `embedded = true`: with `path`, also in strings that hold JSON.
    - `required = true`: an event in which the rule finds nothing goes to the dead-letter queue.
    What redaction cannot reach: docs/redaction.md. For example `[{ path = "$..card" }, { detect = "card_number", keep_last = 4 }]`.
  EOT
  type = list(object({
    path      = optional(string)
    attribute = optional(string)
    subject   = optional(bool, false)
    detect    = optional(string)
    action    = optional(string)
    mask      = optional(string)
    keep_last = optional(number)
    embedded  = optional(bool, false)
    required  = optional(bool, false)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for rule in var.redact : try(length([for on in [rule.path != null, rule.attribute != null, rule.subject, rule.detect != null] : on if on]) == 1, false)])
    error_message = "redact[*] must have one of path, attribute, subject = true and detect, for example { path = \"$.payment.card\" }. Received: ${jsonencode(var.redact)}."
  }

  # The grammar of lambdas/event_fork/events/json_path.py; one table of paths is held against both.
  validation {
    condition     = alltrue([for rule in var.redact : try(rule.path, null) == null || can(regex("^\\$([.][.]?[\\p{L}\\p{N}_-]+[*]?|([.][.])?\\[('([^'\\\\\\x00-\\x1f]|\\\\([\"'\\\\/bfnrt]|u[0-9a-fA-F]{4}))*'|\"([^\"\\\\\\x00-\\x1f]|\\\\([\"\\\\/bfnrt]|u[0-9a-fA-F]{4}))*\")[*]?\\]|\\[(0|[1-9][0-9]*|[*])\\])*$", rule.path)) && !can(regex("\\[(''|\"\")[*]\\]|\\n$", rule.path))])
    error_message = "redact[*].path must be made of $, .name, .name*, ['name'], [*], [n] and ..name, for example \"$.payment.card\" or \"$..card-*\". Received: ${jsonencode([for rule in var.redact : try(rule.path, null)])}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : try(rule.attribute, null) == null || can(regex("^[A-Za-z0-9_.-]+[*]?$", rule.attribute))])
    error_message = "redact[*].attribute must be the name of a message attribute or the beginning of one, for example \"card\" or \"card-*\". Received: ${jsonencode([for rule in var.redact : try(rule.attribute, null)])}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : contains(["remove", "mask", "audit"], coalesce(try(rule.action, null), "mask"))])
    error_message = "redact[*].action must be \"remove\", \"mask\" or \"audit\", for example { path = \"$.email\", action = \"mask\" }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : try(rule.mask, null) == null || coalesce(try(rule.action, null), try(rule.detect, null) == null ? "remove" : "mask") == "mask"])
    error_message = "redact[*].mask is for the action \"mask\", for example { path = \"$.email\", action = \"mask\", mask = \"***\" }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : try(rule.path, null) != "$" || contains(["mask", "audit"], coalesce(try(rule.action, null), "remove"))])
    error_message = "redact[*] with the path $ (the whole message) must have the action \"mask\" or \"audit\": an event without a message cannot be stored, for example { path = \"$\", action = \"mask\" }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : try(rule.detect, null) == null || (try(contains(["card_number", "iban", "email"], rule.detect), false) && try(rule.action, null) != "remove")])
    error_message = "redact[*].detect must be \"card_number\", \"iban\" or \"email\", and its action \"mask\" or \"audit\", since what it finds is part of a text, for example { detect = \"card_number\", keep_last = 4 }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : try(rule.keep_last, null) == null || (try(contains([1, 2, 3, 4], rule.keep_last), false) && try(contains(["card_number", "iban"], rule.detect), false))])
    error_message = "redact[*].keep_last must be 1 to 4 and goes with card_number and iban only, for example { detect = \"card_number\", keep_last = 4 }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : !try(rule.embedded, false) || try(rule.path, null) != null])
    error_message = "redact[*].embedded is for path, since detectors look into all strings, for example { path = \"$..card\", embedded = true }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = alltrue([for rule in var.redact : !try(rule.required, false) || try(rule.action, null) != "audit"])
    error_message = "redact[*].required must not stand beside the action \"audit\", which changes nothing, for example { path = \"$.payment.card\", required = true }. Received: ${jsonencode(var.redact)}."
  }

  validation {
    condition     = length(jsonencode([for rule in var.redact : try({ for key, value in rule : key => value if value != null && value != false }, {})])) <= 3000
    error_message = "redact must take at most 3,000 characters as JSON, since Lambda allows 4 KB for all environment variables of a function; one rule covers many members, for example { path = \"$..card*\" }. Received: ${length(var.redact)} rules."
  }
}
