# What the engine of a replay from the archive promises, on a mocked provider.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  location = { partition = "aws", region = "eu-west-1", account_id = "123456789012", dns_suffixes = ["amazonaws.com"] }
  name     = "orders-replay"
  archive  = { bucket = { arn = "arn:aws:s3:::orders-archive", name = "orders-archive" }, prefix = "orders/", layout = "date=yyyy-MM-dd/hour=HH/", kms_key = null }
  targets = [
    { arn = "arn:aws:sqs:eu-west-1:123456789012:checkout", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout" },
    {
      arn                   = "arn:aws:sqs:us-east-1:999999999999:shadow"
      url                   = "https://sqs.us-east-1.amazonaws.com/999999999999/shadow"
      kms_key_arn           = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      dead_letter_queue_arn = "arn:aws:sqs:us-east-1:999999999999:shadow-dlq"
      shadow                = true
    },
  ]
  worker             = { memory_size = 512, timeout_seconds = 900, runtime = "python3.13", architecture = "arm64" }
  lambda_package     = {}
  layers             = ["arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:27"]
  log_level          = "INFO"
  log_retention_days = 30
  tags               = { team = "shop" }
}

run "sends_each_item_through_the_worker_beside_a_governor" {
  assert {
    condition = (
      local.send_items.ItemReader.ReaderConfig.InputType == "JSONL"
      && local.send_items.ItemReader.Parameters["Key.$"] == "States.Format('{}items.jsonl', $.work_prefix)"
      && local.send_items.ItemBatcher.MaxItemsPerBatch == 1
      && local.send_items.MaxConcurrencyPath == "$.workers"
      && local.send_items.ToleratedFailurePercentage == 100
      && local.send_items.ItemProcessor.ProcessorConfig.Mode == "DISTRIBUTED"
      && local.send_items.ItemProcessor.ProcessorConfig.ExecutionType == "STANDARD"
      && local.send_items.ResultWriter.Parameters["Prefix.$"] == "States.Format('{}results', $.work_prefix)"
    )
    error_message = "The map must read the items, run as many workers as the input says, tolerate every failure and keep the results."
  }

  assert {
    condition     = length(local.definition.States.Replay.Branches) == 2 && local.govern.IsThereMore.Default == "Breathe" && local.govern.Breathe.Next == "Govern"
    error_message = "The governor must look again until it says that all is done."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).StartAt == "Replay" && aws_sfn_state_machine.this.type == "STANDARD"
    error_message = "The definition must be what the state machine has."
  }
}

run "tries_again_what_can_help_and_nothing_else" {
  assert {
    condition     = local.worker_retries[0].MaxAttempts == 0 && contains(local.worker_retries[0].ErrorEquals, "PlanMismatchError") && contains(local.worker_retries[0].ErrorEquals, "ObjectChangedError")
    error_message = "What trying again cannot help must end at once."
  }

  assert {
    condition     = contains(local.worker_retries[1].ErrorEquals, "OutOfTimeError") && local.worker_retries[1].MaxAttempts == 1000 && local.worker_retries[1].BackoffRate == 1
    error_message = "A worker that ran out of time must go on at once, as often as a slow replay needs."
  }

  assert {
    condition = alltrue([
      for error in ["Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.SdkClientException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"] :
      length([for retrier in local.worker_retries : retrier if contains(retrier.ErrorEquals, error) && retrier.MaxAttempts >= 6]) == 1
    ])
    error_message = "Throttles, crashes and troubles of the Lambda service must be tried again."
  }

  assert {
    condition     = jsonencode(local.worker_retries[length(local.worker_retries) - 1].ErrorEquals) == jsonencode(["States.ALL"])
    error_message = "States.ALL must be the last: the first retrier that matches decides."
  }
}

run "each_role_may_do_its_own_work_and_no_more" {
  assert {
    condition = toset([for statement in local.function_statements.worker : "${statement.sid} ${jsonencode(statement.actions)} ${jsonencode(statement.resources)}"]) == toset([
      "ReadArchive [\"s3:GetObject\"] [\"arn:aws:s3:::orders-archive/orders/date=????-??-??/hour=??/*\",\"arn:aws:s3:::orders-archive/orders/*/date=????-??-??/hour=??/*\"]",
      "TellMissingFromForbidden [\"s3:ListBucket\"] [\"arn:aws:s3:::orders-archive\"]",
      "ReadPlan [\"s3:GetObject\"] [\"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/plan.json\",\"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/ids.txt\"]",
      "KeepProgress [\"s3:GetObject\",\"s3:PutObject\"] [\"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/control.json\",\"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/progress/*\"]",
      "SendToTargets [\"sqs:SendMessage\"] [\"arn:aws:sqs:eu-west-1:123456789012:checkout\",\"arn:aws:sqs:us-east-1:999999999999:shadow\"]",
      "UseTargetKeys [\"kms:Decrypt\",\"kms:GenerateDataKey\"] [\"arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab\"]",
    ])
    error_message = "The worker may read the archive and the plan, keep progress, and send to the allowed targets."
  }

  assert {
    condition = toset([for statement in local.function_statements.governor : "${statement.sid} ${jsonencode(statement.actions)} ${jsonencode(statement.resources)}"]) == toset([
      "ReadPlan [\"s3:GetObject\"] [\"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/plan.json\"]",
      "SetRate [\"s3:GetObject\",\"s3:PutObject\"] [\"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/control.json\"]",
      "SeeMapRun [\"states:ListMapRuns\",\"states:DescribeMapRun\"] [\"arn:aws:states:eu-west-1:123456789012:execution:orders-replay-archive:*\",\"arn:aws:states:eu-west-1:123456789012:mapRun:orders-replay-archive/*\"]",
      "SeeQueues [\"sqs:GetQueueAttributes\",\"sqs:GetQueueUrl\"] [\"arn:aws:sqs:eu-west-1:123456789012:checkout\",\"arn:aws:sqs:us-east-1:999999999999:shadow\",\"arn:aws:sqs:us-east-1:999999999999:shadow-dlq\"]",
      "SeeAges [\"cloudwatch:GetMetricStatistics\"] [\"*\"]",
    ])
    error_message = "The governor may look at targets and map, and set the rate; it cannot send."
  }

  assert {
    condition = toset([for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : "${statement.Sid} ${jsonencode(statement.Action)} ${jsonencode(statement.Resource)}"]) == toset([
      "InvokeFunctions \"lambda:InvokeFunction\" [\"arn:aws:lambda:eu-west-1:123456789012:function:orders-replay-replay-governor\",\"arn:aws:lambda:eu-west-1:123456789012:function:orders-replay-replay-worker\"]",
      "ReadItems \"s3:GetObject\" \"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/items.jsonl\"",
      "WriteResults [\"s3:PutObject\",\"s3:GetObject\",\"s3:ListMultipartUploadParts\",\"s3:AbortMultipartUpload\"] \"arn:aws:s3:::orders-archive/event-fork-replays/orders-replay/*/results/*\"",
      "StartChildren \"states:StartExecution\" \"arn:aws:states:eu-west-1:123456789012:stateMachine:orders-replay-archive\"",
      "StopChildren [\"states:DescribeExecution\",\"states:StopExecution\"] [\"arn:aws:states:eu-west-1:123456789012:execution:orders-replay-archive:*\",\"arn:aws:states:eu-west-1:123456789012:execution:orders-replay-archive/Items:*\"]",
      "LogFailures [\"logs:CreateLogDelivery\",\"logs:GetLogDelivery\",\"logs:UpdateLogDelivery\",\"logs:DeleteLogDelivery\",\"logs:ListLogDeliveries\",\"logs:PutResourcePolicy\",\"logs:DescribeResourcePolicies\",\"logs:DescribeLogGroups\"] \"*\"",
    ])
    error_message = "The state machine may run its functions and its own map, and log, nothing else."
  }

  assert {
    condition = alltrue(flatten([
      for policy in [aws_iam_role_policy.state_machine.policy] :
      [for statement in jsondecode(policy).Statement : statement.Effect == "Allow"]
    ]))
    error_message = "What a role needs must be allowed."
  }

  assert {
    condition = jsondecode(aws_iam_role.state_machine.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnLike = { "aws:SourceArn" = [
          "arn:aws:states:eu-west-1:123456789012:stateMachine:orders-replay-archive",
          "arn:aws:states:eu-west-1:123456789012:stateMachine:orders-replay-archive/Items",
        ] }
      }
    }]
    error_message = "Only Step Functions, for this state machine and its map, may take the state machine's role."
  }
}

run "a_key_of_the_archive_is_usable_by_all_three" {
  variables {
    archive = { bucket = { arn = "arn:aws:s3:::orders-archive", name = "orders-archive" }, prefix = "", layout = "yyyy/MM/dd/HH/", kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" } }
  }

  assert {
    condition = (
      length([for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : statement if statement.Sid == "UseArchiveKey" && statement.Effect == "Allow" && jsonencode(statement.Resource) == jsonencode([var.archive.kms_key.arn]) && jsonencode(statement.Action) == jsonencode(["kms:Decrypt", "kms:GenerateDataKey"])]) == 1
      && alltrue([for statements in values(local.function_statements) :
        length([for statement in statements : statement if statement.sid == "UseArchiveKey" && jsonencode(statement.resources) == jsonencode([var.archive.kms_key.arn]) && jsonencode(statement.actions) == jsonencode(["kms:Decrypt", "kms:GenerateDataKey"])]) == 1
      ])
    )
    error_message = "Plan, progress and archive are encrypted with the bucket's key."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : statement.Condition if statement.Sid == "UseArchiveKey"] == [{
      StringEquals = { "kms:ViaService" = ["s3.eu-west-1.amazonaws.com"] }
      StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::orders-archive", "arn:aws:s3:::orders-archive/*"] }
    }]
    error_message = "The state machine may use the key through S3 and for the archive's bucket only."
  }

  assert {
    condition = alltrue([for statements in values(local.function_statements) :
      [for statement in statements : { for condition in statement.conditions : condition.variable => condition.values } if statement.sid == "UseArchiveKey"] == [{
        "kms:ViaService"                   = ["s3.eu-west-1.amazonaws.com"]
        "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::orders-archive", "arn:aws:s3:::orders-archive/*"]
      }]
    ])
    error_message = "Worker and governor may use the key through S3 and for the archive's bucket only."
  }

  assert {
    condition     = [for statement in local.function_statements.worker : statement.conditions[0].values if statement.sid == "UseTargetKeys"] == [["sqs.us-east-1.amazonaws.com"]]
    error_message = "The worker may use the targets' keys through SQS of their own Regions only."
  }

  assert {
    condition     = jsonencode(local.function_statements.worker[0].resources) == jsonencode(["arn:aws:s3:::orders-archive/????/??/??/??/*", "arn:aws:s3:::orders-archive/*/????/??/??/??/*"])
    error_message = "Without a prefix, only the archive's folders of times may be read."
  }
}

run "tells_the_command_where_it_is" {
  assert {
    condition     = aws_ssm_parameter.this.name == "/event-fork-pipelines/orders-replay/archive-replay"
    error_message = "The parameter must be named after the replay."
  }

  assert {
    condition = jsondecode(aws_ssm_parameter.this.value) == {
      state_machine_arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders-replay-archive"
      bucket            = "orders-archive"
      prefix            = "orders/"
      region            = "eu-west-1"
      targets = [
        { arn = var.targets[0].arn, url = var.targets[0].url },
        { arn = var.targets[1].arn, url = var.targets[1].url, shadow = true },
      ]
      memory         = { worker = var.worker.memory_size, governor = 512 }
      worker_seconds = var.worker.timeout_seconds
      runtime        = var.worker.runtime
    }
    error_message = "The parameter must name state machine, archive and targets."
  }
}

run "the_governor_watches_as_long_as_lambda_lets_it" {
  assert {
    condition     = local.functions.governor.timeout_seconds == 900 && local.functions.worker.timeout_seconds == var.worker.timeout_seconds
    error_message = "A worker must have its timeout, the governor 15 minutes."
  }
}

run "what_fails_is_logged_and_nobody_is_called_unless_asked_for" {
  assert {
    condition = (
      aws_sfn_state_machine.this.logging_configuration[0].level == "ERROR"
      && aws_sfn_state_machine.this.logging_configuration[0].include_execution_data == false
      && aws_cloudwatch_log_group.state_machine.name == "/aws/vendedlogs/states/orders-replay-archive"
      && aws_cloudwatch_log_group.state_machine.retention_in_days == 30
    )
    error_message = "The state machine must log what fails, without the events, and keep it as long as the functions' logs."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.failed) + length(aws_cloudwatch_metric_alarm.items_failed) + length(aws_cloudwatch_metric_alarm.not_replayed) == 0
    error_message = "Alarms only when asked for."
  }
}

run "alarms_say_what_failed_and_whom_they_notify" {
  variables {
    alarms = { actions = ["arn:aws:sns:eu-west-1:123456789012:on-call"] }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.failed[0].metric_name == "ExecutionsFailed" && aws_cloudwatch_metric_alarm.not_replayed[0].dimensions == tomap({ service = "orders-replay-replay-worker" })
    error_message = "One alarm is on failed replays, one on events that could not be sent."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.items_failed[0].metric_name == "ExecutionsFailed" && aws_cloudwatch_metric_alarm.items_failed[0].dimensions == tomap({ StateMachineArn = "${aws_sfn_state_machine.this.arn}/Items" })
    error_message = "The map tolerates failures, so one alarm must be on its child executions."
  }

  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.failed[0], aws_cloudwatch_metric_alarm.items_failed[0], aws_cloudwatch_metric_alarm.not_replayed[0]] : alarm.alarm_actions == toset(var.alarms.actions) && alarm.ok_actions == toset(var.alarms.actions)])
    error_message = "All must notify."
  }

  assert {
    condition = alltrue([
      for alarm in concat(aws_cloudwatch_metric_alarm.failed, aws_cloudwatch_metric_alarm.not_replayed) :
      alarm.statistic == "Sum" && alarm.comparison_operator == "GreaterThanThreshold" && alarm.threshold == 0 && alarm.period * alarm.evaluation_periods == 60 && alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "Both must notify within a minute of the first failure, and be silent without a replay."
  }
}

run "roles_and_logs_obey_the_organisation_and_the_longest_name_fits" {
  variables {
    name        = "a23456789-123456789-123456789-123456789-"
    roles       = { path = "/event-forks/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
    log_kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  assert {
    condition = alltrue([for role in [aws_iam_role.state_machine] :
      role.path == "/event-forks/" && role.permissions_boundary == var.roles.permissions_boundary && length(role.name) <= 64
    ])
    error_message = "The role must have path and boundary, and a name that IAM allows."
  }

  assert {
    condition     = alltrue([for group in [aws_cloudwatch_log_group.state_machine] : group.kms_key_id == var.log_kms_key.arn])
    error_message = "The key must arrive at the log group."
  }
}
