# What a fork refuses, before anything is made. A run holds mistakes in several inputs, as long as none of them is needed to judge
# another: Terraform does not look at queue, for example, when function is wrong already. Every single limit, and what the message
# says, is in tests/terraform/refusals.py: one plan there costs less than one run here for each of them.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name      = "orders"
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:orders"
  handler   = "event_fork.storage_backup.handler"
}

run "refuses_words_it_does_not_know" {
  command = plan

  variables {
    name                = "-orders"
    topic_arn           = "arn:aws:sqs:eu-west-1:123456789012:orders"
    filter_policy_scope = "Message"
    kms_key             = { arn = "arn:aws:kms:eu-west-1:123456789012:alias/aws/sqs" }
    handler             = "audit handler"
    lambda_package      = { s3_bucket = "builds" }
    log_level           = "info"
    log_retention_days  = 31
    policy_statements   = [{ effect = "allow", actions = ["s3:GetObject"], resources = ["*"] }]
    environment_variables = {
      AWS_REGION = "eu-west-1"
    }
  }

  expect_failures = [var.name, var.topic_arn, var.filter_policy_scope, var.kms_key, var.handler, var.lambda_package, var.log_level, var.log_retention_days, var.policy_statements, var.environment_variables]
}

run "refuses_more_than_the_most" {
  command = plan

  variables {
    name                  = "a-name-of-more-than-forty-characters-is-no"
    description           = format("%0257d", 0)
    filter_policy         = jsonencode({ for number in range(6) : "key${number}" => ["x"] })
    layers                = [for number in range(5) : "arn:aws:lambda:eu-west-1:123456789012:layer:ours:${number}"]
    environment_variables = { TOO_LONG = format("%03701d", 0) }
    alarms                = { actions = [for number in range(6) : "arn:aws:sns:eu-west-1:123456789012:on-call-${number}"] }
    function              = { memory_size = 10241 }
  }

  expect_failures = [var.name, var.description, var.filter_policy, var.layers, var.environment_variables, var.alarms, var.function]
}

run "refuses_less_than_the_least" {
  command = plan

  variables {
    name              = ""
    filter_policy     = "{}"
    policy_statements = [{ actions = [], resources = ["*"] }]
    alarms            = { oldest_message_age_seconds = -1 }
    function          = { memory_size = 127 }
  }

  expect_failures = [var.name, var.filter_policy, var.policy_statements, var.alarms, var.function]
}

run "refuses_a_batch_of_11_without_a_window" {
  command = plan

  variables {
    event_source_mapping = { batch_size = 11 }
  }

  expect_failures = [var.event_source_mapping]
}

run "refuses_a_visibility_timeout_that_ends_while_a_batch_is_in_work" {
  command = plan

  variables {
    function             = { timeout_seconds = 80 }
    event_source_mapping = { maximum_batching_window_seconds = 5 }
    queue                = { visibility_timeout_seconds = 84 }
  }

  expect_failures = [var.queue]
}

run "refuses_a_dead_letter_queue_that_forgets_sooner_than_the_queue" {
  command = plan

  variables {
    queue             = { message_retention_seconds = 345600 }
    dead_letter_queue = { message_retention_seconds = 345599 }
  }

  expect_failures = [var.dead_letter_queue]
}

run "refuses_to_subscribe_to_a_topic_of_another_region" {
  command = plan

  variables {
    topic_arn = "arn:aws:sns:us-east-1:123456789012:orders"
  }

  expect_failures = [aws_sns_topic_subscription.this]
}

run "takes_values_at_the_limits" {
  command = plan

  variables {
    name                 = "a23456789_123456789-123456789_123456789-"
    filter_policy        = jsonencode({ a = range(15), b = range(10), c = [1], d = [1], e = [1] }) # 150 combinations, 5 keys
    queue                = { message_retention_seconds = 1209600, visibility_timeout_seconds = 1200, max_receive_count = 1000 }
    dead_letter_queue    = { message_retention_seconds = 1209600 }
    function             = { memory_size = 10240, timeout_seconds = 900, runtime = "python3.11", reserved_concurrency = 0 }
    event_source_mapping = { batch_size = 10000, maximum_batching_window_seconds = 300, maximum_concurrency = 1000 }
    layers               = [for number in range(4) : "arn:aws:lambda:eu-west-1:123456789012:layer:ours:${number}"]
    log_retention_days   = 3653
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 1200 && length(aws_lambda_function.this.layers) == 5
    error_message = "The limits themselves are allowed."
  }

  assert {
    condition     = aws_iam_role.function.name == "${var.name}-eu-west-1" && length("${var.name}-northwest-1xxx") <= 64
    error_message = "The longest name must fit into a role's 64 characters in every Region."
  }
}
