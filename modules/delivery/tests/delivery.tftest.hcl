# The alarms on a delivery stream, and its role, on a mocked provider. The role's policy is asserted in modules/storage-backup/tests.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  location           = { region = "eu-west-1", account_id = "123456789012", dns_suffixes = ["amazonaws.com"] }
  name               = "orders"
  bucket             = { arn = "arn:aws:s3:::orders-mocked", given = false }
  object_prefixes    = [""]
  log_retention_days = 30
  stream             = { destination = "S3", customer_managed_key = false }
}

run "there_is_none_unless_asked_for" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "No alarm may be made unless asked for."
  }
}

run "a_stream_to_s3_is_late_or_fails_or_throttles" {
  variables {
    alarms = { actions = ["arn:aws:sns:eu-west-1:123456789012:on-call"], delivery_delay_seconds = 1800 }
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["delivery-failed", "delivery-late", "throttled"]
    error_message = "What is not in use needs no alarm, it costs money: ${join(", ", keys(aws_cloudwatch_metric_alarm.this))}"
  }

  assert {
    condition = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this :
      alarm.alarm_name == "orders-${name}"
      && alarm.namespace == "AWS/Firehose"
      && alarm.dimensions == tomap({ DeliveryStreamName = "orders" })
      && alarm.treat_missing_data == "notBreaching"
      && alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
      && alarm.ok_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
    ])
    error_message = "Every alarm must watch the stream, stay quiet while it is idle, and notify on alarm and on recovery."
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name =>
      "${alarm.statistic} ${alarm.metric_name} ${alarm.comparison_operator} ${alarm.threshold}, ${alarm.evaluation_periods} x ${alarm.period} s"
      } == {
      delivery-late   = "Maximum DeliveryToS3.DataFreshness GreaterThanThreshold 1800, 3 x 60 s"
      delivery-failed = "Average DeliveryToS3.Success LessThanThreshold 1, 3 x 300 s"
      throttled       = "Sum ThrottledRecords GreaterThanThreshold 0, 5 x 60 s"
    }
    error_message = "The alarms changed."
  }
}

run "each_of_several_streams_has_its_alarms_and_they_share_role_and_log" {
  variables {
    stream_count = 3
    alarms       = { actions = [], delivery_delay_seconds = 1800 }
  }

  assert {
    condition     = output.stream_names == ["orders", "orders-stream-2", "orders-stream-3"] && output.function_environment.DELIVERY_STREAM_COUNT == "3"
    error_message = "The first stream must keep the fork's name, and the function know how many there are."
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name => alarm.dimensions.DeliveryStreamName } == merge([
      for stream in ["orders", "orders-stream-2", "orders-stream-3"] : { for alarm in ["delivery-failed", "delivery-late", "throttled"] : "${stream}-${alarm}" => stream }
    ]...)
    error_message = "Each stream must be watched by alarms of its own."
  }
}

run "a_stream_to_a_domain_has_one_more_on_its_bucket" {
  variables {
    stream = { destination = "AmazonOpenSearchService", customer_managed_key = false }
    alarms = { actions = [], delivery_delay_seconds = 60 }
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name =>
      "${alarm.statistic} ${alarm.metric_name} ${alarm.comparison_operator} ${alarm.threshold}, ${alarm.evaluation_periods} x ${alarm.period} s"
      } == {
      delivery-late   = "Maximum DeliveryToAmazonOpenSearchService.DataFreshness GreaterThanThreshold 60, 3 x 60 s"
      delivery-failed = "Average DeliveryToAmazonOpenSearchService.Success LessThanThreshold 1, 1 x 300 s"
      backup-failed   = "Average DeliveryToS3.Success LessThanThreshold 1, 3 x 300 s"
      throttled       = "Sum ThrottledRecords GreaterThanThreshold 0, 5 x 60 s"
    }
    error_message = "The alarms changed."
  }
}

run "what_is_in_use_is_watched_and_lateness_can_be_left_out" {
  variables {
    stream                  = { destination = "S3", customer_managed_key = true, partitioned = true, converts = true }
    transformation_function = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:redact" }
    alarms                  = { actions = [], delivery_delay_seconds = 0 }
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.metric_name } == {
      delivery-failed       = "DeliveryToS3.Success"
      throttled             = "ThrottledRecords"
      transformation-failed = "ExecuteProcessing.Success"
      conversion-failed     = "FailedConversion.Records"
      partitions-exceeded   = "PartitionCountExceeded"
      key-access-denied     = "KMSKeyAccessDenied"
      key-disabled          = "KMSKeyDisabled"
      key-invalid-state     = "KMSKeyInvalidState"
      key-not-found         = "KMSKeyNotFound"
    }
    error_message = "0 must leave lateness out; function, Parquet, partitions and key must be watched."
  }
}

run "role_and_log_obey_the_organisation" {
  variables {
    roles       = { path = "/event-forks/", permissions_boundary = "arn:aws:iam::123456789012:policy/boundary" }
    log_kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  assert {
    condition = (
      aws_iam_role.this.path == "/event-forks/"
      && aws_iam_role.this.permissions_boundary == var.roles.permissions_boundary
      && aws_cloudwatch_log_group.this.kms_key_id == var.log_kms_key.arn
    )
    error_message = "Path, boundary and key must arrive at role and log group."
  }
}
