################################################################################
# Direct: SNS writes to the delivery stream itself
################################################################################
# Neither queue nor function, unless there are rules of `redact`: these run as the stream's transformation then.

locals {
  # One invocation gets records of 1 MiB at most, and the answer has as many.
  transformation_function = length(module.redaction) == 0 ? var.transformation_function : {
    arn                     = module.redaction[0].arn
    buffer_size_mib         = 1
    buffer_interval_seconds = min(60, var.buffering.interval_seconds)
    retries                 = 3
  }
}

module "redaction" {
  source = "../function"
  count  = local.direct && length(var.redact) > 0 ? 1 : 0

  name        = var.name
  description = "Redacts the events of an SNS topic on their way to the bucket ${local.bucket.name}"
  handler     = "event_fork.redact.handler"
  location    = module.fork.location

  function              = var.function
  lambda_package        = var.lambda_package
  powertools_layer_arn  = var.powertools_layer_arn
  environment_variables = merge(var.environment_variables, { REDACT = local.redact })
  policy_name           = "redaction"
  policy_statements     = []

  tracing            = var.tracing
  vpc                = var.function_vpc
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  log_kms_key        = var.log_kms_key
  roles              = var.roles
  tags               = var.tags
}
