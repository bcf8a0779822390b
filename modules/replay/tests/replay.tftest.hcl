# What replay promises, on a mocked provider. What it hands to modules/fork is asserted as the locals that carry it and by the fork's
# outputs; that it acts there is asserted in modules/fork/tests.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name              = "orders-replay"
  topic_arn         = "arn:aws:sns:eu-west-1:123456789012:orders"
  destination_queue = { arn = "arn:aws:sqs:eu-west-1:123456789012:checkout", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout" }
}

run "waits_for_14_days_until_it_is_switched_on" {
  assert {
    condition     = local.queue.message_retention_seconds == 1209600 && local.queue.max_receive_count == 1000
    error_message = "Events must wait 14 days."
  }

  assert {
    condition     = jsonencode(local.event_source_mapping) == jsonencode({ batch_size = 10, enabled = false, maximum_batching_window_seconds = 0, maximum_concurrency = null, provisioned_pollers = null })
    error_message = "The mapping must be off, with batches of 10."
  }

  assert {
    condition     = var.raw_message_delivery
    error_message = "The queue must hold bare messages, as most regular pipelines do."
  }

  assert {
    condition = local.function_environment == {
      DESTINATION_QUEUE_URL    = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout"
      DESTINATION_QUEUE_REGION = "eu-west-1"
      REPLAY_ID                = "orders-replay"

      REPLAY_WINDOW_PARAMETER = "/event-fork-pipelines/orders-replay/replay-window"
      QUEUE_URL               = module.fork.queue_url
      QUEUE_RETENTION_SECONDS = "1209600"
    }
    error_message = "The function must send to the destination and mark the copies with the fork's name."
  }

  assert {
    condition = jsonencode(local.function_statements) == jsonencode([
      {
        actions   = ["sqs:SendMessage"]
        resources = ["arn:aws:sqs:eu-west-1:123456789012:checkout"]
        sid       = "SendToDestination"
      },
      {
        actions   = ["ssm:GetParameter"]
        resources = ["arn:aws:ssm:eu-west-1:123456789012:parameter/event-fork-pipelines/orders-replay/replay-window"]
        sid       = "ReadWindow"
      },
      {
        actions   = ["sqs:ChangeMessageVisibility"]
        resources = ["arn:aws:sqs:eu-west-1:123456789012:orders-replay"]
        sid       = "KeepWhatIsOutsideTheWindow"
      },
    ])
    error_message = "The function may send to the destination, read its window and keep its own queue's messages, and nothing else."
  }

  assert {
    condition     = output.queue_name == "orders-replay" && output.dead_letter_queue_name == "orders-replay-dlq" && output.function_name == "orders-replay"
    error_message = "Everything must be named after the fork."
  }
}

run "every_setting_arrives_where_it_acts" {
  variables {
    enabled              = true
    retention_seconds    = 60
    replay_id            = "heal-orders-2024-05-31"
    queue                = { max_receive_count = 100, visibility_timeout_seconds = 400 }
    event_source_mapping = { batch_size = 100, maximum_batching_window_seconds = 1, maximum_concurrency = 2 }
    destination_queue = {
      arn         = "arn:aws:sqs:us-east-1:999999999999:checkout"
      url         = "https://sqs.us-east-1.amazonaws.com/999999999999/checkout"
      kms_key_arn = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    }
  }

  assert {
    condition     = local.queue.message_retention_seconds == 60 && local.queue.max_receive_count == 100 && local.queue.visibility_timeout_seconds == 400
    error_message = "The queue must have the given times and attempts."
  }

  assert {
    condition     = jsonencode(local.event_source_mapping) == jsonencode({ batch_size = 100, enabled = true, maximum_batching_window_seconds = 1, maximum_concurrency = 2, provisioned_pollers = null })
    error_message = "The mapping must be on, with the given batches and pace."
  }

  assert {
    condition     = local.function_environment.REPLAY_ID == "heal-orders-2024-05-31" && local.function_environment.DESTINATION_QUEUE_URL == var.destination_queue.url && local.function_environment.DESTINATION_QUEUE_REGION == "us-east-1"
    error_message = "The copies must have the given mark and go to the given queue, in its own Region."
  }

  assert {
    condition     = local.function_statements[3].sid == "UseDestinationKey" && local.function_statements[3].resources == [var.destination_queue.kms_key_arn]
    error_message = "The function must be able to use the key of the destination."
  }

  assert {
    condition     = local.function_statements[3].conditions == [{ test = "StringEquals", variable = "kms:ViaService", values = ["sqs.us-east-1.amazonaws.com"] }]
    error_message = "The function may use that key through SQS of its Region only."
  }
}

run "makes_nothing_for_an_archive_unless_asked" {
  assert {
    condition     = length(module.archive_replay) == 0 && output.archive_state_machine_arn == null && output.archive_parameter_name == null
    error_message = "Without archive there must be no state machine and no worker."
  }

  assert {
    condition     = aws_ssm_parameter.window.name == "/event-fork-pipelines/orders-replay/replay-window" && aws_ssm_parameter.window.value == "{}"
    error_message = "The window must be there and held by nobody."
  }
}

run "an_archive_brings_its_engine_whose_only_target_is_the_destination" {
  variables {
    archive = { bucket = { arn = "arn:aws:s3:::orders-archive", name = "orders-archive" } }
  }

  assert {
    condition     = output.archive_parameter_name == "/event-fork-pipelines/orders-replay/archive-replay" && output.archive_worker_function_name == "orders-replay-replay-worker"
    error_message = "The engine must be named after the fork."
  }

  assert {
    condition = jsonencode(local.targets) == jsonencode([{
      arn                   = "arn:aws:sqs:eu-west-1:123456789012:checkout"
      dead_letter_queue_arn = null
      idempotent            = false
      kms_key_arn           = null
      shadow                = false
      url                   = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout"
    }])
    error_message = "Without targets, the destination must be the only one."
  }
}
