# Internal: a function with its code, layers, log group and role, for modules/fork and modules/archive-replay.

################################################################################
# Package and layers
################################################################################

locals {
  # lambda_package = {} is the zip that comes with this module: our own code only, built by `make build`.
  package_in_s3    = var.lambda_package.s3_bucket != null
  package_filename = local.package_in_s3 ? null : coalesce(var.lambda_package.filename, "${path.module}/../../lambdas/dist/event_fork.zip")
  package_hash     = var.lambda_package.source_code_hash != null || local.package_in_s3 ? var.lambda_package.source_code_hash : filebase64sha256(local.package_filename)

  # Powertools for AWS Lambda (Python) comes as AWS's public layer. Version 27 is Powertools 3.23.0
  # (aws-powertools/powertools-lambda-python#7689); accounts: https://docs.aws.amazon.com/powertools/python/3.23.0/getting-started/install/
  powertools_layer_version = 27
  powertools_layer_account = lookup({
    "cn-north-1"    = "498634801083"
    "us-gov-east-1" = "165087284144"
    "us-gov-west-1" = "165093116878"
  }, var.location.region, var.location.partition == "aws" ? "017000801446" : null)
  # Regions of the partition aws that its table of layers does not have.
  powertools_missing_in   = ["ap-east-2", "ap-southeast-6", "ca-west-1"]
  powertools_layer_exists = local.powertools_layer_account != null && !contains(local.powertools_missing_in, var.location.region) && can(regex("^python3[.]1[0-4]$", var.function.runtime))
  powertools_layer_name   = "AWSLambdaPowertoolsPythonV3-${replace(var.function.runtime, ".", "")}-${var.function.architecture}"
  powertools_public_layers = local.powertools_layer_exists ? [
    "arn:${var.location.partition}:lambda:${var.location.region}:${local.powertools_layer_account}:layer:${local.powertools_layer_name}:${local.powertools_layer_version}"
  ] : []
  powertools_layers = var.powertools_layer_arn == null ? local.powertools_public_layers : compact([var.powertools_layer_arn])

  layers = concat(local.powertools_layers, var.layers)
}

################################################################################
# Function
################################################################################

# A path is no content: from a checkout that lies elsewhere Terraform would upload the same code again. So the function keeps the path until
# the code, or the function, is another one.
resource "terraform_data" "package" {
  input            = local.package_filename
  triggers_replace = [local.package_hash, local.package_in_s3, var.name]

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  handler                        = var.handler
  runtime                        = var.function.runtime
  architectures                  = [var.function.architecture]
  memory_size                    = var.function.memory_size
  timeout                        = var.function.timeout_seconds
  reserved_concurrent_executions = var.function.reserved_concurrency
  layers                         = local.layers

  filename          = terraform_data.package.input
  s3_bucket         = var.lambda_package.s3_bucket
  s3_key            = var.lambda_package.s3_key
  s3_object_version = var.lambda_package.s3_object_version
  source_code_hash  = local.package_hash

  environment {
    variables = merge({
      POWERTOOLS_SERVICE_NAME      = var.name
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_LOG_LEVEL         = var.log_level
    }, var.tracing ? {} : { POWERTOOLS_TRACE_DISABLED = "true" }, var.environment_variables)
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = var.powertools_layer_arn != null || local.powertools_layer_exists || var.lambda_package.filename != null || var.lambda_package.s3_bucket != null
      error_message = "powertools_layer_arn must be given here: AWS's page has no layer for ${var.function.runtime} in ${var.location.region}, and the package that comes with this module needs one; for example \"arn:aws:lambda:${var.location.region}:123456789012:layer:powertools:1\". Received: null."
    }
  }

  # A function that runs before its log group exists makes one itself, without retention; Terraform then fails on the name.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(var.log_kms_key.arn, null)
  tags              = var.tags
}

################################################################################
# Role
################################################################################

locals {
  # Roles are global: the same fork may stand in several Regions of one account. IAM allows a name 64 characters, of which a long name and
  # a long Region leave too few: then a hash of the whole name takes the place of its end.
  long_role_name = "${var.name}-${var.location.region}"
  role_name      = length(local.long_role_name) <= 64 ? local.long_role_name : "${substr(local.long_role_name, 0, 55)}-${substr(sha256(local.long_role_name), 0, 8)}"

  # X-Ray has no resource-level permissions for these two.
  trace_statements = !var.tracing ? [] : [{
    Sid      = "SendTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    Resource = "*"
  }]

  # Lambda needs them in the function's role, as its managed policy AWSLambdaVPCAccessExecutionRole has them; the function's own code does
  # not. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  vpc_actions = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]
  vpc_statements = [for statement in [
    {
      Sid      = "JoinVpc"
      Effect   = "Allow"
      Action   = local.vpc_actions
      Resource = "*"
    },
    {
      Sid       = "KeepCodeFromVpc"
      Effect    = "Deny"
      Action    = local.vpc_actions
      Resource  = "*"
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:${var.location.partition}:lambda:${var.location.region}:${var.location.account_id}:function:${var.name}" } }
    },
  ] : statement if var.vpc != null]

  statements = [for statement in var.policy_statements : merge(
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

resource "aws_iam_role" "this" {
  name                 = local.role_name
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

resource "aws_iam_role_policy" "this" {
  name = var.policy_name
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.this.arn}:*"
        },
      ],
      local.trace_statements,
      local.vpc_statements,
      local.statements,
    )
  })
}
