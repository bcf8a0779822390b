################################################################################
# Function
################################################################################

locals {
  # lambda_package = {} is the zip that comes with this module: our own code only, built by `make build`.
  shipped_package  = "${path.module}/../../lambdas/dist/event_fork.zip"
  package_in_s3    = var.lambda_package.s3_bucket != null
  package_filename = local.package_in_s3 ? null : coalesce(var.lambda_package.filename, local.shipped_package)
  package_hash     = var.lambda_package.source_code_hash != null || local.package_in_s3 ? var.lambda_package.source_code_hash : filebase64sha256(local.package_filename)

  # Powertools for AWS Lambda (Python) comes as AWS's public layer. Version 27 is Powertools 3.23.0
  # (aws-powertools/powertools-lambda-python#7689); accounts: https://docs.aws.amazon.com/powertools/python/3.23.0/getting-started/install/
  powertools_layer_version = 27
  powertools_layer_account = lookup({
    "cn-north-1"    = "498634801083"
    "us-gov-east-1" = "165087284144"
    "us-gov-west-1" = "165093116878"
  }, local.region, local.partition == "aws" ? "017000801446" : null)
  powertools_layer_exists = local.powertools_layer_account != null && can(regex("^python3[.]1[0-3]$", var.function.runtime))
  powertools_layer_name   = "AWSLambdaPowertoolsPythonV3-${replace(var.function.runtime, ".", "")}-${var.function.architecture}"
  powertools_public_layers = local.powertools_layer_exists ? [
    "arn:${local.partition}:lambda:${local.region}:${local.powertools_layer_account}:layer:${local.powertools_layer_name}:${local.powertools_layer_version}"
  ] : []
  powertools_layers = var.powertools_layer_arn == null ? local.powertools_public_layers : compact([var.powertools_layer_arn])

  environment = merge(
    {
      POWERTOOLS_SERVICE_NAME      = var.name
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_LOG_LEVEL         = var.log_level
    },
    var.environment_variables,
    { DEAD_LETTER_QUEUE_URL = aws_sqs_queue.dead_letter.url },
  )

  queue_key_statements = var.kms_key == null ? [] : [{
    Sid      = "UseQueueKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"] # receive from the queue, send to the dead-letter queue
    Resource = var.kms_key.arn
  }]

  own_statements = [for statement in var.policy_statements : merge(
    {
      Effect   = statement.effect
      Action   = statement.actions
      Resource = statement.resources
    },
    statement.sid == null ? {} : { Sid = statement.sid },
    length(statement.conditions) == 0 ? {} : {
      Condition = {
        for test in distinct(statement.conditions[*].test) : test => {
          for condition in statement.conditions : condition.variable => condition.values if condition.test == test
        }
      }
    },
  )]
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.function.arn
  handler                        = var.handler
  runtime                        = var.function.runtime
  architectures                  = [var.function.architecture]
  memory_size                    = var.function.memory_size
  timeout                        = var.function.timeout_seconds
  reserved_concurrent_executions = var.function.reserved_concurrency
  layers                         = concat(local.powertools_layers, var.layers)

  filename          = local.package_filename
  s3_bucket         = var.lambda_package.s3_bucket
  s3_key            = var.lambda_package.s3_key
  s3_object_version = var.lambda_package.s3_object_version
  source_code_hash  = local.package_hash

  environment {
    variables = local.environment
  }

  tracing_config {
    mode = "Active"
  }

  tags = var.tags

  # A function that runs before its log group exists makes one itself, without retention; Terraform then fails on the name.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(var.log_kms_key.arn, null)
  tags              = var.tags
}

resource "aws_iam_role" "function" {
  name                 = "${var.name}-${local.region}" # roles are global: the same fork may stand in several Regions of one account
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
  name = "fork"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadQueue"
          Effect   = "Allow"
          Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
          Resource = local.queue_arn
        },
        {
          Sid      = "SetAsideWhatCannotBeHandled"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = local.dead_letter_queue_arn
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.function.arn}:*"
        },
        {
          Sid      = "SendTraces" # X-Ray has no resource-level permissions for these two
          Effect   = "Allow"
          Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
          Resource = "*"
        },
      ],
      local.queue_key_statements,
      local.own_statements,
    )
  })
}

################################################################################
# Event source mapping
################################################################################

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_sqs_queue.this.arn
  function_name                      = aws_lambda_function.this.arn
  enabled                            = var.event_source_mapping.enabled
  batch_size                         = var.event_source_mapping.batch_size
  maximum_batching_window_in_seconds = var.event_source_mapping.maximum_batching_window_seconds
  function_response_types            = ["ReportBatchItemFailures"] # only the messages named in the answer come back

  tags = var.tags

  dynamic "scaling_config" {
    for_each = var.event_source_mapping.maximum_concurrency == null ? [] : [var.event_source_mapping.maximum_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  # The policy must outlive the mapping: a mapping whose role cannot read the queue stays in Disabling.
  depends_on = [aws_iam_role_policy.function]
}
