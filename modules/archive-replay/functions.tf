################################################################################
# Functions: the worker sends items, the governor sets the rate
################################################################################

locals {
  functions = {
    worker = {
      description     = "Sends items of a plan from the archive to the target queue."
      memory_size     = var.worker.memory_size
      timeout_seconds = var.worker.timeout_seconds
    }
    governor = {
      description     = "Watches the target of an archive replay and sets its rate."
      memory_size     = 512 # as the worker's default: both read the whole plan, which has at most 32 MiB
      timeout_seconds = 900 # it looks every 5 seconds until then: fewer invocations keep the execution's history short
    }
  }
  function_names = { for role in keys(local.functions) : role => "${var.name}-replay-${role}" }

  # IAM's ? is one character. Folders of columns (partition_by) stand before those of times.
  time_folders    = replace(replace(replace(replace(var.archive.layout, "yyyy", "????"), "MM", "??"), "dd", "??"), "HH", "??")
  archive_folders = local.time_folders == "" ? [""] : [local.time_folders, "*/${local.time_folders}"]

  target_arns      = [for target in var.targets : target.arn]
  target_key_arns  = distinct(compact([for target in var.targets : target.kms_key_arn]))
  dead_letter_arns = distinct(compact([for target in var.targets : target.dead_letter_queue_arn]))

  function_statements = {
    worker = concat(
      [
        {
          sid       = "ReadArchive"
          actions   = ["s3:GetObject"]
          resources = [for folders in local.archive_folders : "${var.archive.bucket.arn}/${var.archive.prefix}${folders}*"]
        },
        {
          sid       = "TellMissingFromForbidden" # without it S3 answers 403 for a progress object that is not there yet
          actions   = ["s3:ListBucket"]
          resources = [var.archive.bucket.arn]
        },
        {
          sid       = "ReadPlan"
          actions   = ["s3:GetObject"]
          resources = [for name in ["plan.json", "ids.txt"] : "${var.archive.bucket.arn}/${local.work_area}/*/${name}"]
        },
        {
          sid     = "KeepProgress"
          actions = ["s3:GetObject", "s3:PutObject"]
          resources = [
            "${var.archive.bucket.arn}/${local.work_area}/*/control.json", # written when the target is gone
            "${var.archive.bucket.arn}/${local.work_area}/*/progress/*",
          ]
        },
        {
          sid       = "SendToTargets"
          actions   = ["sqs:SendMessage"]
          resources = local.target_arns
        },
      ],
      length(local.target_key_arns) == 0 ? [] : [{
        sid       = "UseTargetKeys"
        actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        resources = local.target_key_arns
        conditions = [{
          test     = "StringEquals"
          variable = "kms:ViaService"
          values   = [for part in setproduct(distinct([for arn in local.target_key_arns : split(":", arn)[3]]), var.location.dns_suffixes) : "sqs.${part[0]}.${part[1]}"]
        }]
      }],
      local.archive_key_statements,
    )
    governor = concat(
      [
        {
          sid       = "ReadPlan"
          actions   = ["s3:GetObject"]
          resources = ["${var.archive.bucket.arn}/${local.work_area}/*/plan.json"]
        },
        {
          sid       = "SetRate"
          actions   = ["s3:GetObject", "s3:PutObject"]
          resources = ["${var.archive.bucket.arn}/${local.work_area}/*/control.json"]
        },
        {
          sid       = "SeeMapRun"
          actions   = ["states:ListMapRuns", "states:DescribeMapRun"]
          resources = ["${local.execution_arns}:*", "${local.map_run_arns}/*"]
        },
        {
          sid       = "SeeQueues"
          actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
          resources = concat(local.target_arns, local.dead_letter_arns)
        },
        {
          sid       = "SeeAges" # CloudWatch has no resource-level permissions for reading
          actions   = ["cloudwatch:GetMetricStatistics"]
          resources = ["*"]
        },
      ],
      local.archive_key_statements,
    )
  }
}

module "function" {
  source   = "../function"
  for_each = local.functions

  name        = local.function_names[each.key]
  description = each.value.description
  handler     = "event_fork.replay_${each.key}.handler"
  location    = var.location

  function = {
    memory_size     = each.value.memory_size
    timeout_seconds = each.value.timeout_seconds
    runtime         = var.worker.runtime
    architecture    = var.worker.architecture
  }
  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn

  policy_name       = "archive-replay"
  policy_statements = local.function_statements[each.key]

  tracing            = var.tracing
  vpc                = var.vpc
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  log_kms_key        = var.log_kms_key
  roles              = var.roles
  tags               = var.tags
}

################################################################################
# Moved
################################################################################

moved {
  from = aws_lambda_function.this["worker"]
  to   = module.function["worker"].aws_lambda_function.this
}

moved {
  from = aws_cloudwatch_log_group.function["worker"]
  to   = module.function["worker"].aws_cloudwatch_log_group.this
}

moved {
  from = aws_iam_role.function["worker"]
  to   = module.function["worker"].aws_iam_role.this
}

moved {
  from = aws_iam_role_policy.function["worker"]
  to   = module.function["worker"].aws_iam_role_policy.this
}

moved {
  from = aws_lambda_function.this["governor"]
  to   = module.function["governor"].aws_lambda_function.this
}

moved {
  from = aws_cloudwatch_log_group.function["governor"]
  to   = module.function["governor"].aws_cloudwatch_log_group.this
}

moved {
  from = aws_iam_role.function["governor"]
  to   = module.function["governor"].aws_iam_role.this
}

moved {
  from = aws_iam_role_policy.function["governor"]
  to   = module.function["governor"].aws_iam_role_policy.this
}
