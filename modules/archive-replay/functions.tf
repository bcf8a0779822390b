################################################################################
# Functions: the worker sends items, the governor sets the rate
################################################################################

locals {
  shipped_package  = "${path.module}/../../lambdas/dist/event_fork.zip"
  package_in_s3    = var.lambda_package.s3_bucket != null
  package_filename = local.package_in_s3 ? null : coalesce(var.lambda_package.filename, local.shipped_package)
  package_hash     = var.lambda_package.source_code_hash != null || local.package_in_s3 ? var.lambda_package.source_code_hash : filebase64sha256(local.package_filename)

  functions = {
    worker = {
      description = "Sends items of a plan from the archive to the target queue."
      memory_size = var.worker.memory_size
      timeout     = var.worker.timeout_seconds
    }
    governor = {
      description = "Watches the target of an archive replay and sets its rate."
      memory_size = 256
      timeout     = 900 # it looks every 5 seconds until then: fewer invocations keep the execution's history short
    }
  }
  function_names = { for role in keys(local.functions) : role => "${var.name}-replay-${role}" }

  # Roles are global: the same engine may stand in several Regions. IAM allows them 64 characters, of which a long name and a long Region
  # leave too few: then a hash of the whole name takes the place of its end.
  long_role_names     = { for role, name in local.function_names : role => "${name}-${local.region}" }
  function_role_names = { for role, name in local.long_role_names : role => length(name) <= 64 ? name : "${substr(name, 0, 55)}-${substr(sha256(name), 0, 8)}" }

  target_arns      = [for target in var.targets : target.arn]
  target_key_arns  = distinct(compact([for target in var.targets : target.kms_key_arn]))
  dead_letter_arns = distinct(compact([for target in var.targets : target.dead_letter_queue_arn]))

  function_statements = {
    worker = concat(
      [
        {
          Sid      = "ReadArchive"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = "${var.archive.bucket.arn}/${var.archive.prefix}date=*"
        },
        {
          Sid      = "TellMissingFromForbidden" # without it S3 answers 403 for a progress object that is not there yet
          Effect   = "Allow"
          Action   = "s3:ListBucket"
          Resource = var.archive.bucket.arn
        },
        {
          Sid      = "ReadPlan"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = "${var.archive.bucket.arn}/${local.work_area}/*/plan.json"
        },
        {
          Sid    = "KeepProgress"
          Effect = "Allow"
          Action = ["s3:GetObject", "s3:PutObject"]
          Resource = [
            "${var.archive.bucket.arn}/${local.work_area}/*/control.json", # written when the target is gone
            "${var.archive.bucket.arn}/${local.work_area}/*/progress/*",
          ]
        },
        {
          Sid      = "SendToTargets"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = local.target_arns
        },
      ],
      length(local.target_key_arns) == 0 ? [] : [{
        Sid      = "UseTargetKeys"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = local.target_key_arns
      }],
      local.archive_key_statements,
    )
    governor = concat(
      [
        {
          Sid      = "ReadPlan"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = "${var.archive.bucket.arn}/${local.work_area}/*/plan.json"
        },
        {
          Sid      = "SetRate"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject"]
          Resource = "${var.archive.bucket.arn}/${local.work_area}/*/control.json"
        },
        {
          Sid      = "SeeMapRun"
          Effect   = "Allow"
          Action   = ["states:ListMapRuns", "states:DescribeMapRun"]
          Resource = ["${local.execution_arns}:*", "${local.map_run_arns}/*"]
        },
        {
          Sid      = "SeeQueues"
          Effect   = "Allow"
          Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
          Resource = concat(local.target_arns, local.dead_letter_arns)
        },
        {
          Sid      = "SeeAges" # CloudWatch has no resource-level permissions for reading
          Effect   = "Allow"
          Action   = "cloudwatch:GetMetricStatistics"
          Resource = "*"
        },
      ],
      local.archive_key_statements,
    )
  }
}

resource "aws_lambda_function" "this" {
  for_each = local.functions

  function_name = local.function_names[each.key]
  description   = each.value.description
  role          = aws_iam_role.function[each.key].arn
  handler       = "event_fork.replay_${each.key}.handler"
  runtime       = var.worker.runtime
  architectures = [var.worker.architecture]
  memory_size   = each.value.memory_size
  timeout       = each.value.timeout
  layers        = var.layers

  filename          = local.package_filename
  s3_bucket         = var.lambda_package.s3_bucket
  s3_key            = var.lambda_package.s3_key
  s3_object_version = var.lambda_package.s3_object_version
  source_code_hash  = local.package_hash

  environment {
    variables = {
      POWERTOOLS_SERVICE_NAME      = local.function_names[each.key]
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_LOG_LEVEL         = var.log_level
    }
  }

  tracing_config {
    mode = "Active"
  }

  tags = var.tags

  # A function that runs before its log group exists makes one itself, without retention; Terraform then fails on the name.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${local.function_names[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(var.log_kms_key.arn, null)
  tags              = var.tags
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = local.function_role_names[each.key]
  path                 = var.roles.path
  permissions_boundary = var.roles.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "archive-replay"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.function[each.key].arn}:*"
        },
        {
          Sid      = "SendTraces" # X-Ray has no resource-level permissions for these two
          Effect   = "Allow"
          Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
          Resource = "*"
        },
      ],
      local.function_statements[each.key],
    )
  })
}
