# What every function of the modules is, on a mocked provider.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"

  override_resource {
    target = aws_cloudwatch_log_group.this
    values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/orders" }
  }
}

variables {
  name               = "orders"
  description        = "Event fork"
  handler            = "event_fork.storage_backup.handler"
  location           = { partition = "aws", region = "eu-west-1", account_id = "123456789012" }
  function           = { memory_size = 256, timeout_seconds = 60, runtime = "python3.13", architecture = "arm64" }
  lambda_package     = {}
  policy_name        = "fork"
  policy_statements  = []
  tracing            = false
  log_level          = "INFO"
  log_retention_days = 30
  roles              = {}
  tags               = { team = "orders" }
}

run "runs_the_shipped_package_with_powertools" {
  assert {
    condition = (
      aws_lambda_function.this.runtime == "python3.13"
      && aws_lambda_function.this.architectures == tolist(["arm64"])
      && aws_lambda_function.this.memory_size == 256
      && aws_lambda_function.this.timeout == 60
      && aws_lambda_function.this.tracing_config[0].mode == "PassThrough"
      && length(aws_lambda_function.this.vpc_config) == 0
      && aws_lambda_function.this.filename == "./../../lambdas/dist/event_fork.zip"
      && aws_lambda_function.this.source_code_hash == filebase64sha256("../../lambdas/dist/event_fork.zip")
    )
    error_message = "The function must run the shipped package with its settings, untraced and in no VPC."
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:27"])
    error_message = "Powertools must come from AWS's public layer, version 27."
  }

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      POWERTOOLS_LOG_LEVEL         = "INFO"
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_SERVICE_NAME      = "orders"
      POWERTOOLS_TRACE_DISABLED    = "true"
    })
    error_message = "Without variables of the caller, the environment must be Powertools'."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/orders" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must be Lambda's own name, with retention."
  }
}

run "may_write_logs_and_no_more" {
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/orders:*"
      },
    ]
    error_message = "The role's policy changed: ${aws_iam_role_policy.this.policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
    error_message = "Only Lambda may take the role."
  }
}

run "is_traced_and_in_a_vpc_where_asked_for_and_may_what_that_needs" {
  variables {
    tracing = true
    vpc     = { subnet_ids = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] }
  }

  assert {
    condition = (
      aws_lambda_function.this.tracing_config[0].mode == "Active"
      && !contains(keys(aws_lambda_function.this.environment[0].variables), "POWERTOOLS_TRACE_DISABLED")
      && aws_lambda_function.this.vpc_config[0].subnet_ids == toset(var.vpc.subnet_ids)
      && aws_lambda_function.this.vpc_config[0].security_group_ids == toset(var.vpc.security_group_ids)
    )
    error_message = "The function must be traced and stand in the given subnets."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement if statement.Sid != "WriteLogs"] == [
      {
        Sid      = "SendTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
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
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:123456789012:function:orders" } }
      },
    ]
    error_message = "Lambda may join the function to the VPC, and its code may not use that: ${aws_iam_role_policy.this.policy}"
  }
}

run "every_setting_arrives_where_it_acts" {
  variables {
    handler               = "audit.handler"
    function              = { memory_size = 1024, timeout_seconds = 20, runtime = "nodejs22.x", architecture = "x86_64", reserved_concurrency = 20 }
    lambda_package        = { s3_bucket = "builds", s3_key = "audit.zip", s3_object_version = "7", source_code_hash = "abc=" }
    layers                = ["arn:aws:lambda:eu-west-1:123456789012:layer:ours:3"]
    environment_variables = { TABLE_NAME = "audit", POWERTOOLS_SERVICE_NAME = "audit" }
    policy_statements = [{
      actions   = ["dynamodb:PutItem"]
      resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/audit"]
      conditions = [
        { test = "StringEquals", variable = "aws:ResourceAccount", values = ["123456789012"] },
        { test = "StringEquals", variable = "aws:ResourceOrgID", values = ["o-1"] },
      ]
    }]
    log_level          = "DEBUG"
    log_retention_days = 7
    log_kms_key        = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    roles              = { path = "/event-forks/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
  }

  assert {
    condition = (
      aws_lambda_function.this.handler == "audit.handler"
      && aws_lambda_function.this.filename == null
      && aws_lambda_function.this.s3_bucket == "builds"
      && aws_lambda_function.this.s3_key == "audit.zip"
      && aws_lambda_function.this.s3_object_version == "7"
      && aws_lambda_function.this.source_code_hash == "abc="
      && aws_lambda_function.this.memory_size == 1024
      && aws_lambda_function.this.timeout == 20
      && aws_lambda_function.this.architectures == tolist(["x86_64"])
      && aws_lambda_function.this.reserved_concurrent_executions == 20
      && aws_lambda_function.this.tags == tomap({ team = "orders" })
    )
    error_message = "The function must be the given package with the given settings."
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:eu-west-1:123456789012:layer:ours:3"])
    error_message = "A function that is not Python must not get Powertools for Python."
  }

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      TABLE_NAME                   = "audit"
      POWERTOOLS_SERVICE_NAME      = "audit"
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_LOG_LEVEL         = "DEBUG"
      POWERTOOLS_TRACE_DISABLED    = "true"
    })
    error_message = "The given variables must win over Powertools' defaults."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement[1] == {
      Effect   = "Allow"
      Action   = ["dynamodb:PutItem"]
      Resource = ["arn:aws:dynamodb:eu-west-1:123456789012:table/audit"]
      Condition = {
        StringEquals = { "aws:ResourceAccount" = ["123456789012"], "aws:ResourceOrgID" = ["o-1"] }
      }
    }
    error_message = "The given statement must be in the role's policy, both conditions of one test together."
  }

  assert {
    condition = (
      aws_iam_role.this.path == "/event-forks/"
      && aws_iam_role.this.permissions_boundary == var.roles.permissions_boundary
      && aws_cloudwatch_log_group.this.kms_key_id == var.log_kms_key.arn
      && aws_cloudwatch_log_group.this.retention_in_days == 7
    )
    error_message = "Path, boundary, key and retention must arrive at role and log group."
  }
}

run "the_powertools_layer_can_be_left_out" {
  variables {
    powertools_layer_arn = ""
  }

  assert {
    condition     = length(coalesce(aws_lambda_function.this.layers, [])) == 0
    error_message = "\"\" must mean no Powertools layer."
  }
}

run "the_powertools_layer_of_other_partitions_is_known" {
  variables {
    location = { partition = "aws-us-gov", region = "us-gov-west-1", account_id = "123456789012" }
    function = { memory_size = 256, timeout_seconds = 60, runtime = "python3.12", architecture = "x86_64" }
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws-us-gov:lambda:us-gov-west-1:165093116878:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:27"])
    error_message = "GovCloud has accounts of its own for the layer."
  }
}

run "the_powertools_layer_of_beijing_is_known" {
  variables {
    location = { partition = "aws-cn", region = "cn-north-1", account_id = "123456789012" }
    function = { memory_size = 256, timeout_seconds = 60, runtime = "python3.13", architecture = "arm64" }
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws-cn:lambda:cn-north-1:498634801083:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:27"])
    error_message = "Beijing has an account of its own for the layer."
  }
}

run "the_longest_name_of_a_fork_fits_as_it_is" {
  variables {
    name     = "a23456789-123456789-123456789-123456789-"
    location = { partition = "aws", region = "ap-northeast-1", account_id = "123456789012" }
  }

  assert {
    condition     = aws_iam_role.this.name == "a23456789-123456789-123456789-123456789--ap-northeast-1"
    error_message = "A name that IAM allows must not be changed."
  }
}

run "a_longer_name_ends_with_a_hash_of_the_whole" {
  variables {
    name     = "a23456789-123456789-123456789-123456789--replay-governor"
    location = { partition = "aws", region = "ap-northeast-1", account_id = "123456789012" }
  }

  assert {
    condition     = length(aws_iam_role.this.name) == 64 && endswith(aws_iam_role.this.name, substr(sha256("${var.name}-ap-northeast-1"), 0, 8))
    error_message = "IAM allows 64 characters, and a name that was cut off must still be unique."
  }
}

run "refuses_a_partition_without_a_public_layer" {
  command = plan

  variables {
    location = { partition = "aws-iso", region = "us-iso-east-1", account_id = "123456789012" }
  }

  expect_failures = [aws_lambda_function.this]
}

run "refuses_ningxia_without_a_layer" {
  command = plan

  variables {
    location = { partition = "aws-cn", region = "cn-northwest-1", account_id = "123456789012" }
  }

  expect_failures = [aws_lambda_function.this]
}

run "refuses_calgary_without_a_layer" {
  command = plan

  variables {
    location = { partition = "aws", region = "ca-west-1", account_id = "123456789012" }
  }

  expect_failures = [aws_lambda_function.this]
}
