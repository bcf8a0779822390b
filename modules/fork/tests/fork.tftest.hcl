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
      aws_sqs_queue.this[0].name == "orders"
      && aws_sqs_queue.this[0].message_retention_seconds == 345600
      && aws_sqs_queue.this[0].visibility_timeout_seconds == 6 * 60 + 0
      && aws_sqs_queue.this[0].sqs_managed_sse_enabled == true
      && jsondecode(aws_sqs_queue.this[0].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:orders-dlq", maxReceiveCount = 5 }
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
      output.function_name == "orders" && output.log_group_name == "/aws/lambda/orders" && output.function_role_name == "orders-eu-west-1"
      && jsonencode(local.function_environment) == jsonencode({ DEAD_LETTER_QUEUE_MAX_BYTES = "262144", DEAD_LETTER_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders-dlq" })
    )
    error_message = "Function, log group and role must be named after the fork, and the function must know its dead-letter queue."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.this[0].enabled
      && aws_lambda_event_source_mapping.this[0].batch_size == 10
      && aws_lambda_event_source_mapping.this[0].maximum_batching_window_in_seconds == 0
      && aws_lambda_event_source_mapping.this[0].function_response_types == toset(["ReportBatchItemFailures"])
      && length(aws_lambda_event_source_mapping.this[0].scaling_config) == 0
    )
    error_message = "The mapping must be on, take 10 messages at once, and let the function report single failures."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.dead_letter) + length(aws_cloudwatch_metric_alarm.oldest_message) + length(aws_cloudwatch_metric_alarm.notifications_failed) + length(aws_cloudwatch_metric_alarm.notifications_lost) == 0
    error_message = "No alarm may be made unless asked for."
  }
}

run "the_function_may_do_what_it_needs_and_no_more" {
  assert {
    condition = jsonencode(local.function_statements) == jsonencode([
      {
        actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        resources = ["arn:aws:sqs:eu-west-1:123456789012:orders"]
        sid       = "ReadQueue"
      },
      {
        actions   = ["sqs:SendMessage"]
        resources = ["arn:aws:sqs:eu-west-1:123456789012:orders-dlq"]
        sid       = "SetAsideWhatCannotBeHandled"
      },
    ])
    error_message = "The function's statements changed: ${jsonencode(local.function_statements)}"
  }
  assert {
    condition = alltrue([
      for arn, policy in {
        "arn:aws:sqs:eu-west-1:123456789012:orders"     = aws_sqs_queue.this[0].policy
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
      aws_sqs_queue.this[0].kms_master_key_id == var.kms_key.arn
      && aws_sqs_queue.dead_letter.kms_master_key_id == var.kms_key.arn
    )
    error_message = "Both queues must be encrypted with the key."
  }

  assert {
    condition     = jsonencode([for statement in local.function_statements : statement.resources if contains(statement.actions, "kms:Decrypt")]) == jsonencode([[var.kms_key.arn]])
    error_message = "The function must be able to read and write the encrypted queues."
  }

  assert {
    condition     = [for statement in local.function_statements : statement.conditions if statement.sid == "UseQueueKey"] == [[{ test = "StringEquals", variable = "kms:ViaService", values = ["sqs.eu-west-1.amazonaws.com"] }]]
    error_message = "The function may use the key through SQS only."
  }
}

run "in_china_a_key_is_used_through_sqs_under_both_of_its_names" {
  override_data {
    target = data.aws_service.s3
    values = { partition = "aws-cn", region = "cn-north-1", dns_name = "s3.cn-north-1.amazonaws.com.cn" }
  }

  variables {
    replace_stores       = "another partition"
    topic_arn            = "arn:aws-cn:sns:cn-north-1:123456789012:orders"
    powertools_layer_arn = "arn:aws-cn:lambda:cn-north-1:123456789012:layer:powertools:1"
    kms_key              = { arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  assert {
    condition     = [for statement in local.function_statements : statement.conditions[0].values if statement.sid == "UseQueueKey"] == [["sqs.cn-north-1.amazonaws.com.cn", "sqs.cn-north-1.amazonaws.com"]]
    error_message = "Which of the two KMS sees there is not documented."
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

    dashboard = true
    delivery  = { name = "orders", destination = "S3" }

    max_message_bytes = 131072
    undelivered_queue = { arn = "arn:aws:sqs:eu-west-1:123456789012:undelivered.fifo" }
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
      aws_sqs_queue.this[0].message_retention_seconds == 60
      && aws_sqs_queue.this[0].visibility_timeout_seconds == 100
      && jsondecode(aws_sqs_queue.this[0].redrive_policy).maxReceiveCount == 3
      && aws_sqs_queue.dead_letter.message_retention_seconds == 3600
      && aws_sqs_queue.this[0].tags == tomap({ team = "orders" })
    )
    error_message = "The queues must have the given times, attempts and tags."
  }

  assert {
    condition = (
      !aws_lambda_event_source_mapping.this[0].enabled
      && aws_lambda_event_source_mapping.this[0].batch_size == 500
      && aws_lambda_event_source_mapping.this[0].maximum_batching_window_in_seconds == 30
      && aws_lambda_event_source_mapping.this[0].scaling_config[0].maximum_concurrency == 4
    )
    error_message = "The mapping must have the given batch, window, concurrency and state."
  }

  assert {
    condition = (
      [for widget in jsondecode(module.dashboard[0].body).widgets : [widget.x, widget.y, widget.width, widget.properties.title]]
      == [[0, 0, 24, "Topic ${element(split(":", var.topic_arn), 5)}"], [0, 6, 8, "orders: events"], [8, 6, 8, "orders: lag in seconds"], [16, 6, 8, "orders: failures"]]
      && contains(jsondecode(module.dashboard[0].body).widgets[1].properties.metrics, ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "orders-dlq", { stat = "Maximum" }])
      && contains(jsondecode(module.dashboard[0].body).widgets[2].properties.metrics, ["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", "orders", { stat = "Maximum" }])
    )
    error_message = "The dashboard must have a row for the topic and one for the fork, with its queue and its stream."
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

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.notifications_failed[0].metric_name == "NumberOfNotificationsFailed"
      && aws_cloudwatch_metric_alarm.notifications_lost[0].metric_name == "NumberOfNotificationsFailedToRedriveToDlq"
      && alltrue([for alarm in concat(aws_cloudwatch_metric_alarm.notifications_failed, aws_cloudwatch_metric_alarm.notifications_lost) : alarm.namespace == "AWS/SNS" && alarm.dimensions == tomap({ TopicName = "orders" }) && alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])])
    )
    error_message = "What SNS cannot deliver, and what it loses, must be told."
  }

  assert {
    condition     = aws_sqs_queue.this[0].max_message_size == 131072 && aws_sqs_queue.dead_letter.max_message_size == 131072
    error_message = "Both queues must take messages of one size: what does not fit the second would be lost."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this[0].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:undelivered.fifo" }
    error_message = "What SNS cannot deliver must go to the given queue."
  }
}

run "alarms_on_age_and_the_subscription_can_be_left_out" {
  variables {
    alarms              = { actions = [], silent = true, oldest_message_age_seconds = 0 }
    create_subscription = false
    topic_arn           = "arn:aws:sns:us-east-1:999999999999:orders.fifo"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.dead_letter) == 1 && length(aws_cloudwatch_metric_alarm.oldest_message) == 0
    error_message = "0 must leave the alarm on age out, and only that one."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.this) == 0 && output.subscription_arn == null
    error_message = "The caller wants to subscribe by himself."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this[0].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:sns:us-east-1:999999999999:orders.fifo"
    error_message = "The queue must take messages from a topic of another account and Region."
  }
}

run "an_opt_in_region_delivers_abroad_under_a_name_of_its_own" {
  variables {
    topic_arn           = "arn:aws:sns:me-south-1:123456789012:orders"
    create_subscription = false
  }

  assert {
    condition = alltrue([for queue in [aws_sqs_queue.this[0], aws_sqs_queue.dead_letter] :
      jsondecode(queue.policy).Statement[0].Principal == { Service = "sns.me-south-1.amazonaws.com" }
    ])
    error_message = "Both queues must let in what SNS sends from an opt-in Region."
  }
}

run "pollers_of_its_own_read_the_queue" {
  variables {
    event_source_mapping = { provisioned_pollers = { minimum = 5, maximum = 20 } }
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this[0].provisioned_poller_config[0].minimum_pollers == 5 && aws_lambda_event_source_mapping.this[0].provisioned_poller_config[0].maximum_pollers == 20 && length(aws_lambda_event_source_mapping.this[0].scaling_config) == 0
    error_message = "The pollers must be the mapping's."
  }
}

run "the_mapping_has_the_tags" {
  variables {
    tags = { team = "orders" }
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this[0].tags == tomap({ team = "orders" })
    error_message = "An event source mapping can have tags."
  }
}

run "refuses_to_subscribe_to_a_topic_of_another_region" {
  command = plan

  variables {
    topic_arn = "arn:aws:sns:us-east-1:123456789012:orders"
  }

  expect_failures = [aws_sns_topic_subscription.this]
}

# Last, for the fork stands elsewhere then.
run "arns_are_of_the_partition_and_region_of_the_provider" {
  variables {
    topic_arn      = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:orders"
    replace_stores = "the runs before stood in another Region"
  }

  override_data {
    target = data.aws_service.s3
    values = { partition = "aws-us-gov", region = "us-gov-west-1" }
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this[0].policy).Statement[0].Resource == "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:orders"
    error_message = "ARNs must be of the partition and Region the provider works in."
  }
}
