# What storage-backup refuses; inputs that it hands on are judged by modules/fork (see its tests). Every single limit, and what the
# message says, is in tests/terraform/refusals.py.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name      = "orders"
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:orders"
}

run "refuses_words_it_does_not_know" {
  command = plan

  variables {
    record_format         = "json"
    redact                = [{ path = "payment.card" }]
    prefix                = "orders"
    compression           = "gzip"
    bucket                = { arn = "arn:aws:s3:::Archive", name = "Archive" }
    bucket_kms_key        = { arn = "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3" }
    environment_variables = { PACK_RECORDS = "true" }
  }

  expect_failures = [
    var.record_format, var.redact, var.prefix, var.compression, var.bucket, var.bucket_kms_key, var.environment_variables,
  ]
}

run "refuses_values_below_the_limits" {
  command = plan

  variables {
    redact    = [{ path = "$.card", action = "delete" }]
    prefix    = "errors/"
    bucket    = { arn = "arn:aws:s3:::archive", name = "orders" }
    buffering = { interval_seconds = -1 }
    athena    = { bytes_scanned_limit = 9999999 }
  }

  expect_failures = [var.redact, var.prefix, var.bucket, var.buffering, var.athena]
}

run "refuses_values_above_the_limits" {
  command = plan

  variables {
    redact          = [{ path = "$.card", mask = "***" }] # a mask that is not applied
    prefix          = "${format("%0700d", 0)}/"
    buffering       = { interval_seconds = 901, size_mib = 129 }
    bucket          = { arn = "arn:aws:s3:::archive", name = "archive" }
    lifecycle_rules = [{ id = "colder", expiration_days = 30 }] # of somebody else's bucket
    athena          = { table_name = "Events" }
  }

  expect_failures = [var.redact, var.prefix, var.buffering, var.lifecycle_rules, var.athena]
}

run "refuses_what_athena_cannot_read" {
  command = plan

  variables {
    redact      = [{ path = "$." }]
    buffering   = { size_mib = 0 }
    compression = "ZIP"
    athena      = {}
  }

  expect_failures = [var.redact, var.buffering, var.athena]
}

run "refuses_athena_over_bare_messages" {
  command = plan

  variables {
    record_format = "raw"
    athena        = {}
  }

  expect_failures = [var.athena]
}
