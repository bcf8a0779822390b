################################################################################
# Index template, alias, retention and dashboards: kept in the domain by a function that Terraform invokes
################################################################################
# The stream does not wait for it: events are delivered whatever becomes of the template. docs/decisions/0006-search-documents.md

locals {
  keeps_index = var.index_management.enabled
  keeps_days  = local.keeps_index ? var.index_management.retention_days : null

  # Of the indices that Firehose makes: it adds the year, or nothing. OpenSearch knows "*" only, and "orders-*" would be orders-eu's too.
  index_pattern = var.index_rotation_period == "NoRotation" ? var.index_name : "${var.index_name}-2*"
  index_alias   = !local.keeps_index || var.index_management.alias == "" ? null : coalesce(var.index_management.alias, "${var.index_name}-all")

  index_mappings = try(jsondecode(var.index_management.mappings), {})

  dashboards = !local.keeps_index || var.index_management.dashboards == null ? null : merge(var.index_management.dashboards, {
    fork           = var.name
    index_pattern  = coalesce(local.index_alias, local.index_pattern) # the alias also means an index that was built anew
    where_rejected = "They are in s3://${local.bucket.name}/errors/${var.prefix}, with the reason in each line."
    edition        = 1 # of the panels in the functions' package: a new number installs them again
  }, { for name, mapping in try(local.index_mappings.properties, {}) : "type_field" => name if name == "event_type" })

  # A part that is not asked for is left out: an upgrade invokes no function.
  asked_parts = {
    dashboards        = local.dashboards
    delivery_role_arn = var.index_management.map_delivery_role ? module.delivery.role_arn : null
  }

  managed_index = merge({ for name, value in local.asked_parts : name => value if value != null }, {
    name           = var.index_name
    pattern        = local.index_pattern
    alias          = local.index_alias
    retention_days = local.keeps_days
    only_template  = var.index_management.priority == null # a priority says which of several acts
    template_name  = "event-fork-${var.name}"
    template = {
      index_patterns = [local.index_pattern]
      priority       = coalesce(var.index_management.priority, 100 + length(var.index_name)) # the longer name is the narrower pattern
      _meta          = { made_by = "event-fork-pipelines", fork = var.name }
      template = {
        settings = try(jsondecode(var.index_management.settings), {})
        aliases  = local.index_alias == null ? {} : { (local.index_alias) = {} }
        mappings = merge(local.index_mappings, {
          properties = merge(jsondecode(file("${path.module}/mappings.json")), try(local.index_mappings.properties, {}))
        })
      }
    }
  })

  # Paths, for the domain's own permissions are per path. Aliases of any name: an alias that was renamed is taken away.
  index_function_statements = concat(
    [
      {
        sid       = "KeepTemplate"
        actions   = ["es:ESHttpPut", "es:ESHttpDelete"]
        resources = ["${local.domain.arn}/_index_template/${local.managed_index.template_name}"]
      },
      {
        sid       = "SeeOtherTemplates"
        actions   = ["es:ESHttpPost"]
        resources = ["${local.domain.arn}/_index_template/_simulate/${local.managed_index.template_name}"]
      },
      {
        sid       = "KeepAlias"
        actions   = ["es:ESHttpGet", "es:ESHttpPut", "es:ESHttpDelete"]
        resources = ["${local.domain.arn}/*/_alias", "${local.domain.arn}/*/_alias/*"]
      },
      {
        sid       = "RemoveAccess" # also that of an input that maps nothing any more
        actions   = ["es:ESHttpDelete"]
        resources = [for kind in ["roles", "rolesmapping"] : "${local.domain.arn}/_plugins/_security/api/${kind}/${local.managed_index.template_name}"]
      },
      {
        sid       = "RemoveDashboards" # also those of an input that has none any more
        actions   = ["es:ESHttpDelete"]
        resources = ["${local.domain.arn}/_dashboards/api/saved_objects/*/event-fork-${var.name}*"]
      },
    ],
    !var.index_management.map_delivery_role ? [] : [{
      sid       = "KeepAccess"
      actions   = ["es:ESHttpPut"]
      resources = [for kind in ["roles", "rolesmapping"] : "${local.domain.arn}/_plugins/_security/api/${kind}/${local.managed_index.template_name}"]
    }],
    local.dashboards == null ? [] : [{
      sid       = "ImportDashboards"
      actions   = ["es:ESHttpPost"]
      resources = ["${local.domain.arn}/_dashboards/api/saved_objects/_import"]
    }],
    local.keeps_days == null ? [] : [{
      sid       = "DeleteOldIndexes"
      actions   = ["es:ESHttpDelete"]
      resources = ["${local.domain.arn}/${local.index_pattern}"]
    }],
    var.index_management.credentials_secret == null ? [] : [{
      sid       = "ReadCredentials"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [var.index_management.credentials_secret.arn]
    }],
    try(var.index_management.credentials_secret.kms_key_arn, null) == null ? [] : [{
      sid       = "UseCredentialsKey"
      actions   = ["kms:Decrypt"]
      resources = [var.index_management.credentials_secret.kms_key_arn]
      conditions = [{
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in local.location.dns_suffixes : "secretsmanager.${local.location.region}.${suffix}"]
      }]
    }],
  )
}

module "index_function" {
  source = "../function"
  count  = local.keeps_index ? 1 : 0

  name        = "${var.name}-index"
  description = "Keeps index template, alias, retention and dashboards of ${var.index_name} in the domain."
  handler     = "event_fork.search_index.handler"
  location    = module.fork.location

  function = {
    memory_size     = 256
    timeout_seconds = 120
    runtime         = var.function.runtime
    architecture    = var.function.architecture
  }
  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn

  environment_variables = merge(
    { DOMAIN_ENDPOINT = local.domain.endpoint },
    var.index_management.credentials_secret == null ? {} : { CREDENTIALS_SECRET_ARN = var.index_management.credentials_secret.arn },
  )

  tracing = var.tracing
  vpc     = var.vpc != null ? var.vpc : var.function_vpc # with the domain, where that is in one

  policy_name       = "search-index"
  policy_statements = local.index_function_statements

  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  log_kms_key        = var.log_kms_key
  roles              = var.roles
  tags               = var.tags
}

resource "aws_lambda_invocation" "index" {
  count = local.keeps_index ? 1 : 0

  function_name   = module.index_function[0].name
  lifecycle_scope = "CRUD" # also on destroy: the template goes with the fork, documents stay
  input           = jsonencode({ index = local.managed_index })
}

################################################################################
# Retention
################################################################################

resource "aws_cloudwatch_event_rule" "retention" {
  count = local.keeps_days == null ? 0 : 1

  name                = "${var.name}-index-retention"
  description         = "Has indices of ${var.index_name} deleted that are older than ${local.keeps_days} days."
  schedule_expression = "rate(1 hour)"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "retention" {
  count = local.keeps_days == null ? 0 : 1

  rule  = aws_cloudwatch_event_rule.retention[0].name
  arn   = module.index_function[0].arn
  input = jsonencode({ action = "delete_old", index = local.managed_index })
}

resource "aws_lambda_permission" "retention" {
  count = local.keeps_days == null ? 0 : 1

  statement_id  = "InvokeHourly"
  action        = "lambda:InvokeFunction"
  function_name = module.index_function[0].name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.retention[0].arn
}

resource "aws_cloudwatch_metric_alarm" "index_failed" {
  count = var.alarms != null && local.keeps_index ? 1 : 0

  alarm_name          = "${var.name}-index-failed"
  alarm_description   = "The function that keeps the index template and deletes old indices fails; its log says what the domain refused."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = module.index_function[0].name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}
