# What storage-backup promises, on a mocked provider. What it hands to modules/fork is asserted as the locals that carry it;
# that the fork puts them where they act is asserted in modules/fork/tests.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name      = "orders"
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:orders"
}

run "needs_only_a_name_and_a_topic" {
  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].name == "orders"
      && aws_kinesis_firehose_delivery_stream.this[0].destination == "extended_s3"
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].enabled
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].key_type == "AWS_OWNED_CMK"
    )
    error_message = "The stream must be encrypted with a key that AWS owns."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].bucket_arn == "arn:aws:s3:::orders-mocked"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].prefix == "date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].error_output_prefix == "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].compression_format == "UNCOMPRESSED"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].file_extension == ".gz"
      && local.function_environment.COMPRESS_RECORDS == "true"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_interval == 300
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_size == 5
      && length(aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].processing_configuration) == 0
    )
    error_message = "Events must go to the module's own bucket by date and hour, compressed by the function, every 5 minutes or 5 MiB."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].cloudwatch_logging_options[0].enabled
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].cloudwatch_logging_options[0].log_group_name == "/aws/kinesisfirehose/orders"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].cloudwatch_logging_options[0].log_stream_name == "DestinationDelivery"
    )
    error_message = "Firehose must log its errors."
  }

  assert {
    condition = local.function_environment == {
      DELIVERY_STREAM_NAME = "orders"
      RECORD_FORMAT        = "envelope"
      PACK_RECORDS         = "true"
      COMPRESS_RECORDS     = "true"
      REDACT               = "[]"
    }
    error_message = "The function must pack whole envelopes."
  }

  assert {
    condition     = local.function_statements == [{ sid = "WriteToStream", actions = ["firehose:PutRecordBatch"], resources = ["arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders"] }]
    error_message = "The function may put records into this stream, and nothing else."
  }

  assert {
    condition     = var.event_source_mapping.batch_size == 1000 && var.event_source_mapping.maximum_batching_window_seconds == 5
    error_message = "The function must get up to 1000 messages or those of 5 seconds."
  }

  assert {
    condition     = output.bucket_name == "orders-mocked" && output.bucket_arn == "arn:aws:s3:::orders-mocked"
    error_message = "The outputs must name the bucket."
  }

  assert {
    condition = (
      length(aws_glue_catalog_database.this) == 0 && length(aws_glue_catalog_table.this) == 0 && length(aws_athena_workgroup.this) == 0
      && length(aws_athena_named_query.this) == 0 && output.glue_table_name == null && length(output.athena_named_query_ids) == 0
    )
    error_message = "Nothing of Athena may be made unless asked for."
  }
}

run "its_own_bucket_is_closed_encrypted_and_versioned" {
  module {
    source = "../bucket"
  }

  variables {
    name = "Orders_of-a-very-long-name-that-is-40-chars"
  }

  assert {
    condition     = aws_s3_bucket.this.bucket_prefix == "orders-of-a-very-long-name-that-is-4-" && length(aws_s3_bucket.this.bucket_prefix) <= 37 && !aws_s3_bucket.this.force_destroy
    error_message = "The bucket's name must be a valid one, and the bucket must not be destroyed with objects in it."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls
      && aws_s3_bucket_public_access_block.this.block_public_policy
      && aws_s3_bucket_public_access_block.this.ignore_public_acls
      && aws_s3_bucket_public_access_block.this.restrict_public_buckets
      && aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    )
    error_message = "The bucket must be closed to the public and own its objects."
  }

  assert {
    condition = (
      aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
      && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
      && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      && coalesce(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id, "aws/s3") == "aws/s3"
    )
    error_message = "The bucket must be versioned and encrypted with the AWS managed key."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::orders-mocked", "arn:aws:s3:::orders-mocked/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "The bucket must refuse requests without TLS."
  }

  assert {
    condition = (
      length(aws_s3_bucket_lifecycle_configuration.this.rule) == 1
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    )
    error_message = "Broken uploads must be cleared away, and nothing else be deleted."
  }
}

run "its_own_bucket_takes_a_key_and_lifecycle_rules" {
  module {
    source = "../bucket"
  }

  variables {
    kms_key       = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    force_destroy = true
    lifecycle_rules = [{
      id                                 = "colder"
      prefix                             = "orders/"
      enabled                            = false
      transitions                        = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "DEEP_ARCHIVE" }]
      expiration_days                    = 3650
      noncurrent_version_expiration_days = 30
    }]
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key.arn && aws_s3_bucket.this.force_destroy
    error_message = "The bucket must be encrypted with the key."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[1].id == "colder"
      && aws_s3_bucket_lifecycle_configuration.this.rule[1].status == "Disabled"
      && aws_s3_bucket_lifecycle_configuration.this.rule[1].filter[0].prefix == "orders/"
      && [for transition in aws_s3_bucket_lifecycle_configuration.this.rule[1].transition : transition.storage_class] == ["STANDARD_IA", "DEEP_ARCHIVE"]
      && aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].days == 3650
      && aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_expiration[0].noncurrent_days == 30
    )
    error_message = "The rule must arrive as it was given."
  }
}

run "what_expires_is_gone_for_good" {
  module {
    source = "../bucket"
  }

  variables {
    lifecycle_rules = [{ id = "month", prefix = "orders/", expiration_days = 30 }]
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].days == 30
      && aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_expiration[0].noncurrent_days == 1
    )
    error_message = "In a versioned bucket an object that expires stays as an old version, which must go too."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[2].id == "month-delete-markers"
      && aws_s3_bucket_lifecycle_configuration.this.rule[2].status == "Enabled"
      && aws_s3_bucket_lifecycle_configuration.this.rule[2].filter[0].prefix == "orders/"
      && aws_s3_bucket_lifecycle_configuration.this.rule[2].expiration[0].expired_object_delete_marker
    )
    error_message = "Delete markers that stand before nothing must go."
  }
}

run "old_versions_of_what_replays_write_over_and_over_expire" {
  assert {
    condition = (
      one(local.replay_lifecycle_rules).prefix == "event-fork-replays/"
      && one(local.replay_lifecycle_rules).noncurrent_version_expiration_days == 7
    )
    error_message = "Only versions that were written over may go: plans and progress themselves are the history of replays."
  }
}

run "the_stream_may_write_its_objects_and_no_more" {
  module {
    source = "../delivery"
  }

  variables {
    location           = { region = "eu-west-1", account_id = "123456789012", dns_suffixes = ["amazonaws.com"] }
    bucket             = { arn = "arn:aws:s3:::orders-mocked", given = false }
    object_prefixes    = ["date=", "errors/"]
    log_retention_days = 30
    stream             = { destination = "S3", customer_managed_key = false }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == [
      {
        Sid      = "FindBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = "arn:aws:s3:::orders-mocked"
      },
      {
        Sid      = "WriteObjects"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["arn:aws:s3:::orders-mocked/date=*", "arn:aws:s3:::orders-mocked/errors/*"]
      },
      {
        Sid      = "LogErrors"
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "arn:aws:logs:eu-west-1:123456789012:log-group:mocked:log-stream:DestinationDelivery"
      },
    ]
    error_message = "The role's policy changed: ${aws_iam_role_policy.this.policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = "123456789012" } }
    }]
    error_message = "Only Firehose, for streams of this account, may take the role."
  }

  assert {
    condition     = length(output.transformation_parameters) == 0
    error_message = "No transformation unless asked for."
  }
}

run "the_stream_may_use_a_given_bucket_key_and_transformation" {
  module {
    source = "../delivery"
  }

  variables {
    location                = { region = "eu-west-1", account_id = "123456789012", dns_suffixes = ["amazonaws.com"] }
    bucket                  = { arn = "arn:aws:s3:::archive", given = true }
    object_prefixes         = ["orders/date="]
    log_retention_days      = 30
    stream                  = { destination = "S3", customer_managed_key = false }
    bucket_kms_key          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    transformation_function = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:redact:live", retries = 5 }
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.this.policy).Statement, 3, 5) == [
      {
        Sid      = "EncryptObjects"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        Condition = {
          StringEquals = { "kms:ViaService" = ["s3.eu-west-1.amazonaws.com"] }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::archive", "arn:aws:s3:::archive/*"] }
        }
      },
      {
        Sid      = "InvokeTransformation"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
        Resource = ["arn:aws:lambda:eu-west-1:123456789012:function:redact", "arn:aws:lambda:eu-west-1:123456789012:function:redact:*"]
      },
    ]
    error_message = "The role must be able to use the key for this bucket only, and to invoke the function and its versions."
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.this.policy).Statement[1].Action, "s3:PutObjectAcl")
    error_message = "A given bucket may be another account's, whose objects need an ACL."
  }

  assert {
    condition = { for parameter in output.transformation_parameters : parameter.name => parameter.value } == {
      LambdaArn       = "arn:aws:lambda:eu-west-1:123456789012:function:redact:live"
      NumberOfRetries = "5"
    }
    error_message = "Values that equal Firehose's defaults must not be sent: the provider would plan them again for ever."
  }
}

run "several_streams_are_alike_and_the_function_may_write_to_all" {
  variables {
    stream_count   = 3
    replace_stores = "the run before had one stream"
    dashboard      = true
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[*].name == ["orders", "orders-stream-2", "orders-stream-3"]
      && length(distinct([for stream in aws_kinesis_firehose_delivery_stream.this : jsonencode(stream.extended_s3_configuration)])) == 1
      && output.delivery_stream_names == ["orders", "orders-stream-2", "orders-stream-3"]
      && output.delivery_stream_name == "orders"
    )
    error_message = "Only the names of the streams may differ."
  }

  assert {
    condition     = local.function_environment.DELIVERY_STREAM_NAME == "orders" && local.function_environment.DELIVERY_STREAM_COUNT == "3"
    error_message = "The function must know its streams."
  }

  assert {
    condition     = local.function_statements[0].resources == aws_kinesis_firehose_delivery_stream.this[*].arn
    error_message = "The function may put records into these streams, and nothing else."
  }
}

run "every_setting_arrives_where_it_acts" {
  variables {
    prefix                  = "shop/orders/"
    compression             = "Snappy"
    buffering               = { interval_seconds = 0, size_mib = 128 }
    replace_stores          = "the runs before had a bucket of their own"
    bucket                  = { arn = "arn:aws:s3:::archive", name = "archive" }
    bucket_kms_key          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    kms_key                 = { arn = "arn:aws:kms:eu-west-1:123456789012:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab" }
    transformation_function = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:redact", buffer_size_mib = 0.5, buffer_interval_seconds = 5 }
    record_format           = "raw"
    redact                  = [{ path = "$.payment.card" }, { path = "$..email", action = "mask", mask = "***" }, { path = "$['a b'][0][*]['it\\'s']" }]
    environment_variables   = { STAGE = "test" }
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].bucket_arn == "arn:aws:s3:::archive"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].prefix == "shop/orders/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].error_output_prefix == "errors/shop/orders/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].compression_format == "Snappy"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_interval == 0
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_size == 128
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].kms_key_arn == var.bucket_kms_key.arn
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].key_type == "CUSTOMER_MANAGED_CMK"
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].key_arn == var.kms_key.arn
      && output.bucket_name == "archive"
      && length(module.bucket) == 0
    )
    error_message = "The stream must write to the given bucket with the given settings, and the module must not make one."
  }

  assert {
    condition = {
      for parameter in aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].processing_configuration[0].processors[0].parameters :
      parameter.parameter_name => parameter.parameter_value
      } == {
      LambdaArn               = "arn:aws:lambda:eu-west-1:123456789012:function:redact"
      BufferSizeInMBs         = "0.5"
      BufferIntervalInSeconds = "5"
    }
    error_message = "Firehose must call the transformation function."
  }

  assert {
    condition = local.function_environment == {
      DELIVERY_STREAM_NAME = "orders"
      RECORD_FORMAT        = "raw"
      PACK_RECORDS         = "false"
      COMPRESS_RECORDS     = "false"
      REDACT = jsonencode([
        { path = "$.payment.card" },
        { action = "mask", mask = "***", path = "$..email" },
        { path = "$['a b'][0][*]['it\\'s']" },
      ])
      STAGE = "test"
    }
    error_message = "With a transformation function events must not be packed; rules and own variables must reach the function."
  }
}

run "athena_reads_the_archive_without_a_crawler" {
  variables {
    athena = {}
    prefix = "orders/"
  }

  assert {
    condition = (
      aws_glue_catalog_database.this[0].name == "orders"
      && aws_glue_catalog_table.this[0].name == "events"
      && aws_glue_catalog_table.this[0].storage_descriptor[0].location == "s3://orders-mocked/orders/"
      && aws_glue_catalog_table.this[0].storage_descriptor[0].ser_de_info[0].serialization_library == "org.openx.data.jsonserde.JsonSerDe"
      && aws_glue_catalog_table.this[0].parameters["storage.location.template"] == "s3://orders-mocked/orders/date=$${date}/hour=$${hour}/"
      && aws_glue_catalog_table.this[0].parameters["projection.enabled"] == "true"
      && aws_glue_catalog_table.this[0].parameters["projection.date.range"] == "2024-01-01,NOW+1DAY"
      && aws_glue_catalog_table.this[0].parameters["projection.hour.digits"] == "2"
    )
    error_message = "The table must find its partitions by the keys that the stream writes."
  }

  assert {
    condition = { for column in aws_glue_catalog_table.this[0].storage_descriptor[0].columns : column.name => column.type } == {
      type              = "string"
      messageid         = "string"
      topicarn          = "string"
      subject           = "string"
      message           = "string"
      timestamp         = "string"
      messageattributes = "map<string,struct<type:string,value:string>>"
    }
    error_message = "The columns must be those of the stored envelope."
  }

  assert {
    condition = (
      aws_athena_workgroup.this[0].configuration[0].enforce_workgroup_configuration
      && aws_athena_workgroup.this[0].configuration[0].result_configuration[0].output_location == "s3://orders-mocked/athena-results/orders/"
    )
    error_message = "Results must go to the bucket, whatever a client asks for."
  }

  assert {
    condition     = local.athena_lifecycle_rules[0].prefix == "athena-results/orders/" && local.athena_lifecycle_rules[0].expiration_days == 30
    error_message = "Results must not pile up in the module's own bucket."
  }

  assert {
    condition = (
      toset(keys(aws_athena_named_query.this)) == toset(["events_per_type_and_hour", "payload_field", "find_event_by_id"])
      && strcontains(aws_athena_named_query.this["payload_field"].query, "json_extract_scalar(message, '$.id')")
      && strcontains(aws_athena_named_query.this["events_per_type_and_hour"].query, "element_at(messageattributes, 'event_type').value")
      && strcontains(aws_athena_named_query.this["find_event_by_id"].query, "messageid = ?")
      && alltrue([for query in aws_athena_named_query.this : query.database == "orders" && query.workgroup == "orders"])
    )
    error_message = "The ready-made queries must be there, in the module's database and workgroup."
  }
}

run "athena_takes_a_database_a_workgroup_and_a_key_that_are_there" {
  variables {
    athena = {
      database             = { name = "lake" }
      table_name           = "orders"
      workgroup            = { name = "analysts" }
      first_date           = "2025-06-30"
      event_type_attribute = "kind"
    }
    compression = "UNCOMPRESSED"
  }

  assert {
    condition = (
      length(aws_glue_catalog_database.this) == 0 && length(aws_athena_workgroup.this) == 0
      && output.glue_database_name == "lake" && output.glue_table_name == "orders" && output.athena_workgroup_name == "analysts"
      && aws_glue_catalog_table.this[0].parameters["projection.date.range"] == "2025-06-30,NOW+1DAY"
      && aws_glue_catalog_table.this[0].parameters["compressionType"] == "none"
      && alltrue([for query in aws_athena_named_query.this : query.database == "lake" && query.workgroup == "analysts" && strcontains(query.query, "\"orders\"")])
      && strcontains(aws_athena_named_query.this["events_per_type_and_hour"].query, "'kind'")
    )
    error_message = "The table must join the given database, and the queries the given workgroup."
  }
}

run "a_workgroup_of_its_own_encrypts_with_the_key_of_the_bucket" {
  variables {
    athena         = { results_location = "s3://query-results/orders/", bytes_scanned_limit = 100000000000 }
    bucket_kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  assert {
    condition = (
      aws_athena_workgroup.this[0].configuration[0].bytes_scanned_cutoff_per_query == 100000000000
      && aws_athena_workgroup.this[0].configuration[0].result_configuration[0].output_location == "s3://query-results/orders/"
      && aws_athena_workgroup.this[0].configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS"
      && aws_athena_workgroup.this[0].configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn == var.bucket_kms_key.arn
      && length(local.athena_lifecycle_rules) == 0
    )
    error_message = "The workgroup must have the given place, limit and key."
  }
}
