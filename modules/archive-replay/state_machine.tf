################################################################################
# State machine
################################################################################

locals {
  # Errors of the functions by class name: lambdas/event_fork/archive_replay/errors.py says what each means. The first retrier
  # that matches decides, so what trying again cannot help stands first and the rest of the world last.
  hopeless        = ["PlanMismatchError", "ObjectChangedError", "DocumentError", "InvocationShapeError", "InvalidFilterPolicyError", "SettingError"]
  busy            = ["TargetNotTakingError", "Lambda.TooManyRequestsException"]
  service_trouble = ["CallFailedError", "ControlConflictError", "TakenOverError", "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.ClientExecutionTimeoutException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"]

  worker_retries = [
    { ErrorEquals = local.hopeless, MaxAttempts = 0 },
    # Routine for slow rates: the next attempt goes on where this one stopped. 1,000 of 15 minutes are ten days.
    { ErrorEquals = ["OutOfTimeError"], IntervalSeconds = 1, BackoffRate = 1, MaxAttempts = 1000 },
    { ErrorEquals = local.busy, IntervalSeconds = 5, BackoffRate = 2, MaxDelaySeconds = 60, MaxAttempts = 100, JitterStrategy = "FULL" },
    { ErrorEquals = local.service_trouble, IntervalSeconds = 2, BackoffRate = 2, MaxDelaySeconds = 60, MaxAttempts = 6, JitterStrategy = "FULL" },
    { ErrorEquals = ["States.ALL"], IntervalSeconds = 5, BackoffRate = 3, MaxAttempts = 2 },
  ]
  governor_retries = [
    { ErrorEquals = local.hopeless, MaxAttempts = 0 },
    { ErrorEquals = ["States.ALL"], IntervalSeconds = 2, BackoffRate = 2, MaxDelaySeconds = 60, MaxAttempts = 10, JitterStrategy = "FULL" },
  ]

  send_items = {
    Comment = "Each item of the plan to a worker; what fails is counted and can be resumed, so it does not end the others."
    Type    = "Map"
    Label   = "Items" # part of the ARNs of the Map Run and of its child executions
    ItemReader = {
      Resource     = "arn:${var.location.partition}:states:::s3:getObject"
      ReaderConfig = { InputType = "JSONL" }
      Parameters   = { "Bucket.$" = "$.bucket", "Key.$" = "States.Format('{}items.jsonl', $.work_prefix)" }
    }
    # One item is up to four minutes of work already; more of them would only make a repetition dearer.
    ItemBatcher = {
      MaxItemsPerBatch = 1
      BatchInput = {
        "replay_id.$"   = "$.replay_id"
        "plan_sha256.$" = "$.plan_sha256"
        "bucket.$"      = "$.bucket"
        "work_prefix.$" = "$.work_prefix"
        "started_at.$"  = "$$.Execution.StartTime"
        "execution.$"   = "$$.Execution.Name" # control.json names the one whose workers may send
      }
    }
    MaxConcurrencyPath         = "$.workers"
    ToleratedFailurePercentage = 100
    ItemProcessor = {
      ProcessorConfig = { Mode = "DISTRIBUTED", ExecutionType = "STANDARD" } # an Express execution ends after 5 minutes
      StartAt         = "Send"
      States = {
        Send = {
          Type           = "Task"
          Resource       = "arn:${var.location.partition}:states:::lambda:invoke"
          Parameters     = { FunctionName = module.function["worker"].arn, "Payload.$" = "$" }
          OutputPath     = "$.Payload"
          TimeoutSeconds = local.functions.worker.timeout_seconds + 60
          Retry          = local.worker_retries
          End            = true
        }
      }
    }
    ResultWriter = {
      Resource   = "arn:${var.location.partition}:states:::s3:putObject"
      Parameters = { "Bucket.$" = "$.bucket", "Prefix.$" = "States.Format('{}results', $.work_prefix)" }
    }
    End = true
  }

  # Beside the map, until it has ended. A governor that fails for good fails the execution: a replay with bounds does not go on
  # without anybody who looks at them, and can be resumed.
  govern = {
    Begin = {
      Type = "Pass"
      Parameters = {
        "replay_id.$"   = "$.replay_id"
        "plan_sha256.$" = "$.plan_sha256"
        "bucket.$"      = "$.bucket"
        "work_prefix.$" = "$.work_prefix"
        "started_at.$"  = "$$.Execution.StartTime"
        "execution.$"   = "$$.Execution.Id"
        governor        = { done = false, memory = {} }
      }
      Next = "Govern"
    }
    Govern = {
      Type     = "Task"
      Resource = "arn:${var.location.partition}:states:::lambda:invoke"
      Parameters = {
        FunctionName = module.function["governor"].arn
        Payload = {
          "replay_id.$"   = "$.replay_id"
          "plan_sha256.$" = "$.plan_sha256"
          "bucket.$"      = "$.bucket"
          "work_prefix.$" = "$.work_prefix"
          "started_at.$"  = "$.started_at"
          "execution.$"   = "$.execution"
          "memory.$"      = "$.governor.memory"
        }
      }
      ResultSelector = { "done.$" = "$.Payload.done", "memory.$" = "$.Payload.memory" }
      ResultPath     = "$.governor"
      TimeoutSeconds = local.functions.governor.timeout_seconds + 60
      Retry          = local.governor_retries
      Next           = "IsThereMore"
    }
    IsThereMore = {
      Type    = "Choice"
      Choices = [{ Variable = "$.governor.done", BooleanEquals = true, Next = "Governed" }]
      Default = "Breathe"
    }
    Breathe  = { Type = "Wait", Seconds = 1, Next = "Govern" }
    Governed = { Type = "Succeed" }
  }

  definition = {
    Comment = "Replays what a plan of the event-fork command froze. Input: replay_id, plan_sha256, bucket, work_prefix, workers, start."
    StartAt = "Replay"
    States = {
      Replay = {
        Type = "Parallel"
        Branches = [
          { StartAt = "SendItems", States = { SendItems = local.send_items } },
          { StartAt = "Begin", States = local.govern },
        ]
        End = true
      }
    }
  }
}

resource "aws_sfn_state_machine" "this" {
  name       = local.state_machine_name
  type       = "STANDARD"
  role_arn   = aws_iam_role.state_machine.arn
  definition = jsonencode(local.definition)

  # What fails is logged, of the child executions too, which nobody would look for one by one. Without data: events are not for logs.
  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.state_machine.arn}:*"
    level                  = "ERROR"
    include_execution_data = false
  }

  tags = var.tags

  depends_on = [aws_iam_role_policy.state_machine]
}

resource "aws_cloudwatch_log_group" "state_machine" {
  # With this prefix a group does not lengthen the account's resource policy for deliveries, which ends at 5,120 characters:
  # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
  name              = "/aws/vendedlogs/states/${local.state_machine_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(var.log_kms_key.arn, null)
  tags              = var.tags
}

resource "aws_iam_role" "state_machine" {
  name                 = "${local.state_machine_name}-${var.location.region}"
  path                 = var.roles.path
  permissions_boundary = var.roles.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.location.account_id }
        # The second is the map's own executions, as their ARNs are written everywhere else.
        ArnLike = { "aws:SourceArn" = [local.state_machine_arn, "${local.state_machine_arn}/${local.send_items.Label}"] }
      }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "state_machine" {
  name = "archive-replay"
  role = aws_iam_role.state_machine.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "InvokeFunctions"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = [for role, name in local.function_names : "arn:${var.location.partition}:lambda:${var.location.region}:${var.location.account_id}:function:${name}"]
        },
        {
          Sid      = "ReadItems"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = "${var.archive.bucket.arn}/${local.work_area}/*/items.jsonl"
        },
        {
          Sid      = "WriteResults" # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
          Effect   = "Allow"
          Action   = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
          Resource = "${var.archive.bucket.arn}/${local.work_area}/*/results/*"
        },
        {
          Sid      = "StartChildren" # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
          Effect   = "Allow"
          Action   = "states:StartExecution"
          Resource = local.state_machine_arn
        },
        {
          Sid      = "StopChildren"
          Effect   = "Allow"
          Action   = ["states:DescribeExecution", "states:StopExecution"]
          Resource = ["${local.execution_arns}:*", "${local.execution_arns}/${local.send_items.Label}:*"]
        },
        {
          Sid      = "LogFailures" # CloudWatch Logs has no resource-level permissions for the deliveries of other services
          Effect   = "Allow"
          Action   = ["logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"]
          Resource = "*"
        },
      ],
      [for statement in local.archive_key_statements : {
        Sid       = statement.sid
        Effect    = "Allow"
        Action    = statement.actions
        Resource  = statement.resources
        Condition = { for condition in statement.conditions : condition.test => { (condition.variable) = condition.values } }
      }],
    )
  })
}
