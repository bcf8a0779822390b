# What a fork promises, on a mocked provider: nothing is created, every value is known, so whole policies can be compared.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"

  override_resource {
    target = aws_sqs_queue.this
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:orders" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letter
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:orders-dlq", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders-dlq" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.function
    values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/orders" }
  }
}

variables {
  name      = "orders"
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:orders"
  handler   = "event_fork.storage_backup.handler"
}

# First, while there is no state: the provider keeps a redrive allow policy that is no longer asked for.
run "the_redrive_allow_policy_can_be_left_out" {
  variables {
    dead_letter_queue = { only_from_queue = false }
  }

  assert {
    condition     = !strcontains(coalesce(aws_sqs_queue.dead_letter.redrive_allow_policy, "none"), "byQueue")
    error_message = "Some Regions refuse redrive allow policies."
  }
}

run "needs_only_name_topic_and_handler" {
  assert {
    condition = (
      aws_sns_topic_subscription.this[0].protocol == "sqs"
      && aws_sns_topic_subscription.this[0].endpoint == "arn:aws:sqs:eu-west-1:123456789012:orders"
      && aws_sns_topic_subscription.this[0].filter_policy == null
      && aws_sns_topic_subscription.this[0].raw_message_delivery == false
    )
    error_message = "The queue must be subscribed to the whole topic, with envelopes."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this[0].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:orders-dlq" }
    error_message = "What SNS cannot deliver must go to the fork's dead-letter queue."
  }

  assert {
    condition = (
      aws_sqs_queue.this.name == "orders"
      && aws_sqs_queue.this.message_retention_seconds == 345600
      && aws_sqs_queue.this.visibility_timeout_seconds == 6 * 60 + 0
      && aws_sqs_queue.this.sqs_managed_sse_enabled == true
      && jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:orders-dlq", maxReceiveCount = 5 }
    )
    error_message = "The queue must keep messages 4 days, hide them for six timeouts, be encrypted, and give up after 5 attempts."
  }

  assert {
    condition = (
      aws_sqs_queue.dead_letter.name == "orders-dlq"
      && aws_sqs_queue.dead_letter.message_retention_seconds == 1209600
      && aws_sqs_queue.dead_letter.sqs_managed_sse_enabled == true
      && jsondecode(aws_sqs_queue.dead_letter.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:123456789012:orders"] }
    )
    error_message = "The dead-letter queue must keep messages 14 days, be encrypted, and serve this fork's queue only."
  }

  assert {
    condition = (
      aws_lambda_function.this.runtime == "python3.13"
      && aws_lambda_function.this.architectures == tolist(["arm64"])
      && aws_lambda_function.this.memory_size == 256
      && aws_lambda_function.this.timeout == 60
      && aws_lambda_function.this.tracing_config[0].mode == "Active"
      && aws_lambda_function.this.filename == "./../../lambdas/dist/event_fork.zip"
      && aws_lambda_function.this.source_code_hash == filebase64sha256("../../lambdas/dist/event_fork.zip")
    )
    error_message = "The function must run the shipped package on python3.13, arm64, traced."
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:27"])
    error_message = "Powertools must come from AWS's public layer, version 27."
  }

  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      DEAD_LETTER_QUEUE_URL        = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders-dlq"
      POWERTOOLS_LOG_LEVEL         = "INFO"
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_SERVICE_NAME      = "orders"
    })
    error_message = "The environment must be the module's four variables."
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.function.name == "/aws/lambda/orders"
      && aws_cloudwatch_log_group.function.retention_in_days == 30
    )
    error_message = "Logs must be kept 30 days."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.this.enabled
      && aws_lambda_event_source_mapping.this.batch_size == 10
      && aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == 0
      && aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"])
      && length(aws_lambda_event_source_mapping.this.scaling_config) == 0
    )
    error_message = "The mapping must be on, take 10 messages at once, and let the function report single failures."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.dead_letter) == 0 && length(aws_cloudwatch_metric_alarm.oldest_message) == 0
    error_message = "No alarm may be made unless asked for."
  }
}

run "the_function_may_do_what_it_needs_and_no_more" {
  assert {
    condition = jsondecode(aws_iam_role_policy.function.policy).Statement == [
      {
        Sid      = "ReadQueue"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = "arn:aws:sqs:eu-west-1:123456789012:orders"
      },
      {
        Sid      = "SetAsideWhatCannotBeHandled"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = "arn:aws:sqs:eu-west-1:123456789012:orders-dlq"
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/orders:*"
      },
      {
        Sid      = "SendTraces"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
    error_message = "The role's policy changed: ${aws_iam_role_policy.function.policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role.function.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
    error_message = "Only Lambda may take the role."
  }

  assert {
    condition = alltrue([
      for arn, policy in {
        "arn:aws:sqs:eu-west-1:123456789012:orders"     = aws_sqs_queue.this.policy
        "arn:aws:sqs:eu-west-1:123456789012:orders-dlq" = aws_sqs_queue.dead_letter.policy
        } : jsondecode(policy).Statement == [
        {
          Sid       = "OnlyThisTopicMaySend"
          Effect    = "Allow"
          Principal = { Service = "sns.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = arn
          Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:sns:eu-west-1:123456789012:orders" } }
        },
        {
          Sid       = "DenyWithoutTls"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    ])
    error_message = "Both queues must take messages from this topic only, and nothing without TLS."
  }
}

run "a_customer_key_encrypts_both_queues_and_the_function_may_use_it" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  assert {
    condition = (
      aws_sqs_queue.this.kms_master_key_id == var.kms_key.arn
      && aws_sqs_queue.dead_letter.kms_master_key_id == var.kms_key.arn
    )
    error_message = "Both queues must be encrypted with the key."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement if statement.Sid == "UseQueueKey"] == [{
      Sid      = "UseQueueKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = var.kms_key.arn
    }]
    error_message = "The function must be able to read and write the encrypted queues."
  }
}

run "every_setting_arrives_where_it_acts" {
  variables {
    filter_policy        = jsonencode({ amount = [{ numeric = [">=", 100] }], customer = { country = ["PL"] } })
    filter_policy_scope  = "MessageBody"
    raw_message_delivery = true
    queue                = { message_retention_seconds = 60, visibility_timeout_seconds = 100, max_receive_count = 3 }
    dead_letter_queue    = { message_retention_seconds = 3600 }
    handler              = "audit.handler"
    lambda_package       = { s3_bucket = "builds", s3_key = "audit.zip", s3_object_version = "7", source_code_hash = "abc=" }
    function             = { memory_size = 1024, timeout_seconds = 20, runtime = "nodejs22.x", architecture = "x86_64", reserved_concurrency = 20 }
    environment_variables = {
      TABLE_NAME              = "audit"
      POWERTOOLS_SERVICE_NAME = "audit"
    }
    layers               = ["arn:aws:lambda:eu-west-1:123456789012:layer:ours:3"]
    log_level            = "DEBUG"
    log_retention_days   = 7
    event_source_mapping = { batch_size = 500, maximum_batching_window_seconds = 30, maximum_concurrency = 4, enabled = false }
    policy_statements = [{
      actions   = ["dynamodb:PutItem"]
      resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/audit"]
      conditions = [
        { test = "StringEquals", variable = "aws:ResourceAccount", values = ["123456789012"] },
        { test = "StringEquals", variable = "aws:ResourceOrgID", values = ["o-1"] },
      ]
    }]
    alarms = { actions = ["arn:aws:sns:eu-west-1:123456789012:on-call"], oldest_message_age_seconds = 900 }
    tags   = { team = "orders" }
  }

  assert {
    condition = (
      aws_sns_topic_subscription.this[0].filter_policy == var.filter_policy
      && aws_sns_topic_subscription.this[0].filter_policy_scope == "MessageBody"
      && aws_sns_topic_subscription.this[0].raw_message_delivery
    )
    error_message = "The filter, its scope and raw delivery must be the subscription's."
  }

  assert {
    condition = (
      aws_sqs_queue.this.message_retention_seconds == 60
      && aws_sqs_queue.this.visibility_timeout_seconds == 100
      && jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 3
      && aws_sqs_queue.dead_letter.message_retention_seconds == 3600
      && aws_sqs_queue.this.tags == tomap({ team = "orders" })
    )
    error_message = "The queues must have the given times, attempts and tags."
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
      && aws_cloudwatch_log_group.function.retention_in_days == 7
    )
    error_message = "The function must be the given package with the given settings."
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws:lambda:eu-west-1:123456789012:layer:ours:3"])
    error_message = "A function that is not Python must not get Powertools for Python."
  }

  assert {
    condition = (
      aws_lambda_function.this.environment[0].variables.TABLE_NAME == "audit"
      && aws_lambda_function.this.environment[0].variables.POWERTOOLS_SERVICE_NAME == "audit"
      && aws_lambda_function.this.environment[0].variables.POWERTOOLS_LOG_LEVEL == "DEBUG"
    )
    error_message = "The given variables must win over the module's defaults."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.function.policy).Statement[4] == {
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
      !aws_lambda_event_source_mapping.this.enabled
      && aws_lambda_event_source_mapping.this.batch_size == 500
      && aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == 30
      && aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 4
    )
    error_message = "The mapping must have the given batch, window, concurrency and state."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.dead_letter[0].metric_name == "ApproximateNumberOfMessagesVisible"
      && aws_cloudwatch_metric_alarm.dead_letter[0].dimensions == tomap({ QueueName = "orders-dlq" })
      && aws_cloudwatch_metric_alarm.dead_letter[0].threshold == 0
      && aws_cloudwatch_metric_alarm.oldest_message[0].metric_name == "ApproximateAgeOfOldestMessage"
      && aws_cloudwatch_metric_alarm.oldest_message[0].dimensions == tomap({ QueueName = "orders" })
      && aws_cloudwatch_metric_alarm.oldest_message[0].threshold == 900
      && aws_cloudwatch_metric_alarm.oldest_message[0].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
      && aws_cloudwatch_metric_alarm.oldest_message[0].ok_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
    )
    error_message = "Both alarms must watch their queue and notify on alarm and recovery."
  }
}

run "alarms_on_age_and_the_powertools_layer_can_be_left_out" {
  variables {
    alarms               = { oldest_message_age_seconds = 0 }
    powertools_layer_arn = ""
    create_subscription  = false
    topic_arn            = "arn:aws:sns:us-east-1:999999999999:orders.fifo"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.dead_letter) == 1 && length(aws_cloudwatch_metric_alarm.oldest_message) == 0
    error_message = "0 must leave the alarm on age out, and only that one."
  }

  assert {
    condition     = length(coalesce(aws_lambda_function.this.layers, [])) == 0
    error_message = "\"\" must mean no Powertools layer."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.this) == 0 && output.subscription_arn == null
    error_message = "The caller wants to subscribe by himself."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:sns:us-east-1:999999999999:orders.fifo"
    error_message = "The queue must take messages from a topic of another account and Region."
  }
}

run "an_opt_in_region_delivers_abroad_under_a_name_of_its_own" {
  variables {
    topic_arn           = "arn:aws:sns:me-south-1:123456789012:orders"
    create_subscription = false
  }

  assert {
    condition = alltrue([for queue in [aws_sqs_queue.this, aws_sqs_queue.dead_letter] :
      jsondecode(queue.policy).Statement[0].Principal == { Service = "sns.me-south-1.amazonaws.com" }
    ])
    error_message = "Both queues must let in what SNS sends from an opt-in Region."
  }
}

run "roles_and_logs_obey_the_organisation" {
  variables {
    roles       = { path = "/event-forks/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
    log_kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    tags        = { team = "orders" }
  }

  assert {
    condition = (
      aws_iam_role.function.path == "/event-forks/"
      && aws_iam_role.function.permissions_boundary == var.roles.permissions_boundary
      && aws_cloudwatch_log_group.function.kms_key_id == var.log_kms_key.arn
    )
    error_message = "Path, boundary and key must arrive at role and log group."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.tags == tomap({ team = "orders" })
    error_message = "An event source mapping can have tags."
  }
}

run "the_powertools_layer_of_other_partitions_is_known" {
  variables {
    topic_arn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:orders"
    function  = { runtime = "python3.12", architecture = "x86_64" }
  }

  override_data {
    target = data.aws_service.sqs
    values = { partition = "aws-us-gov", region = "us-gov-west-1" }
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(["arn:aws-us-gov:lambda:us-gov-west-1:165093116878:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:27"])
    error_message = "GovCloud has accounts of its own for the layer."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.policy).Statement[0].Resource == "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:orders"
    error_message = "ARNs must be of the partition and Region the provider works in."
  }
}
