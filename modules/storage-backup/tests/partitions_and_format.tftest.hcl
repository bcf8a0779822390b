# What partition_by and format promise, on a mocked provider. That the jq program does what it says is in
# tests/terraform/test_partition_query.py; that Firehose does, in tests/e2e/test_partition_and_parquet.py.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name      = "orders"
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:orders"
}

run "partitions_by_an_attribute" {
  variables {
    prefix       = "shop/"
    partition_by = { keys = [{ attribute = "event_type" }] }
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].dynamic_partitioning_configuration[0].enabled
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].dynamic_partitioning_configuration[0].retry_duration == 300
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].prefix == "shop/event_type=!{partitionKeyFromQuery:event_type}/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].error_output_prefix == "errors/shop/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_size == 64
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].compression_format == "GZIP"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].file_extension == null
      && local.function_environment.COMPRESS_RECORDS == "false"
      && length(aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration) == 0
    )
    error_message = "Events must lie under their type, and failures under errors/."
  }

  assert {
    condition = jsonencode([
      for processor in aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].processing_configuration[0].processors : {
        type       = processor.type
        parameters = { for parameter in processor.parameters : parameter.parameter_name => parameter.parameter_value }
      }
      ]) == jsonencode([
      { type = "RecordDeAggregation", parameters = { SubRecordType = "JSON" } },
      { type = "MetadataExtraction", parameters = { JsonParsingEngine = "JQ-1.6", MetadataExtractionQuery = local.partition_query } },
      { type = "AppendDelimiterToRecord", parameters = {} },
    ])
    error_message = "Packed records must be taken apart, filed, and written one event to a line."
  }

  assert {
    condition     = startswith(local.partition_query, "{event_type: ([(try (.MessageAttributes[\"event_type\"].Value) catch null) | ")
    error_message = "The value must come from the attribute: ${local.partition_query}"
  }

  assert {
    condition     = local.function_environment.PACK_RECORDS == "true" && local.function_environment.MAX_EVENTS_PER_RECORD == "500"
    error_message = "The function must pack no more events into a record than Firehose takes apart."
  }

  assert {
    condition     = local.writable_prefixes == ["shop/event_type=", "errors/shop/"]
    error_message = "The stream may write below the partitions and the errors, and nowhere else."
  }
}

run "partitions_by_several_keys_in_their_order" {
  variables {
    partition_by = {
      keys = [
        { body = ".order.type" },
        { attribute = "Region-Code", values = ["eu", "us"], default = "other" },
        { body = ".items[0][\"unit price\"]", column = "price" },
      ]
      retry_duration_seconds = 0
    }
    buffering               = { interval_seconds = 60, size_mib = 128 }
    transformation_function = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:redact" }
    athena                  = {}
  }

  assert {
    condition = (
      local.object_prefix == "order_type=!{partitionKeyFromQuery:order_type}/region_code=!{partitionKeyFromQuery:region_code}/price=!{partitionKeyFromQuery:price}/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].dynamic_partitioning_configuration[0].retry_duration == 0
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_size == 128
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_interval == 60
    )
    error_message = "Folders must be in the order of the keys."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].processing_configuration[0].processors[*].type == tolist(["RecordDeAggregation", "Lambda", "MetadataExtraction", "AppendDelimiterToRecord"])
    error_message = "The function must see single events, and the values be found in what it answers."
  }

  assert {
    condition     = local.function_environment.PACK_RECORDS == "true"
    error_message = "Records are taken apart before the function sees them, so they may be packed."
  }

  assert {
    condition = (
      aws_glue_catalog_table.this[0].partition_keys[*].name == tolist(["order_type", "region_code", "price", "date", "hour"])
      && aws_glue_catalog_table.this[0].parameters["storage.location.template"] == "s3://orders-mocked/order_type=$${order_type}/region_code=$${region_code}/price=$${price}/date=$${date}/hour=$${hour}/"
      && aws_glue_catalog_table.this[0].parameters["projection.order_type.type"] == "injected"
      && aws_glue_catalog_table.this[0].parameters["projection.region_code.type"] == "enum"
      && aws_glue_catalog_table.this[0].parameters["projection.region_code.values"] == "eu,us,other"
      && aws_glue_catalog_table.this[0].parameters["projection.price.type"] == "injected"
    )
    error_message = "The table must find the folders that the stream writes."
  }

  assert {
    condition = alltrue([
      for query in aws_athena_named_query.this :
      strcontains(query.query, " AND \"order_type\" = ? AND \"price\" = ?") && !strcontains(query.query, "region_code") && strcontains(query.description, "order_type, price")
    ])
    error_message = "Queries must name the columns that Athena cannot read without a value, and only them."
  }
}

run "does_not_pack_when_told_so" {
  variables {
    partition_by = { keys = [{ attribute = "event_type" }] }
    pack_records = false
  }

  assert {
    condition     = local.function_environment.PACK_RECORDS == "false"
    error_message = "The user's word counts."
  }
}

run "writes_parquet_by_the_schema_of_its_table" {
  variables {
    replace_stores = "the runs before had partitions"

    format = "parquet"
    athena = { event_type_attribute = "eventType" }
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].compression_format == "UNCOMPRESSED"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].buffering_size == 128
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].output_format_configuration[0].serializer[0].parquet_ser_de[0].compression == "SNAPPY"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].input_format_configuration[0].deserializer[0].open_x_json_ser_de[0].case_insensitive
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].database_name == "orders"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].table_name == "events"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].role_arn == output.delivery_role_arn
      && length(aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].processing_configuration) == 0
    )
    error_message = "Firehose must convert by the module's own table, with Snappy inside."
  }

  assert {
    condition     = local.function_environment.PACK_RECORDS == "false" && !contains(keys(local.function_environment), "MAX_EVENTS_PER_RECORD")
    error_message = "A record must be one event where nothing takes it apart."
  }

  assert {
    condition = (
      aws_glue_catalog_table.this[0].parameters["classification"] == "parquet"
      && aws_glue_catalog_table.this[0].parameters["compressionType"] == "none"
      && aws_glue_catalog_table.this[0].storage_descriptor[0].input_format == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
      && aws_glue_catalog_table.this[0].storage_descriptor[0].output_format == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
      && aws_glue_catalog_table.this[0].storage_descriptor[0].ser_de_info[0].serialization_library == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      && aws_glue_catalog_table.this[0].storage_descriptor[0].columns[6].type == "map<string,struct<type:string,value:string>>"
    )
    error_message = "Athena must read the table as Parquet, with the columns it has for JSON."
  }

  assert {
    condition = local.schema_statements == [{
      sid     = "ReadSchema"
      actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
      resources = [
        "arn:aws:glue:eu-west-1:123456789012:catalog",
        "arn:aws:glue:eu-west-1:123456789012:database/orders",
        "arn:aws:glue:eu-west-1:123456789012:table/orders/events",
      ]
    }]
    error_message = "The stream may read its schema, and no other table: ${jsonencode(local.schema_statements)}"
  }

  assert {
    condition     = strcontains(aws_athena_named_query.this["events_per_type_and_hour"].query, "coalesce(element_at(messageattributes, 'eventType').value, element_at(messageattributes, 'eventtype').value) AS event_type")
    error_message = "The type must be found whether or not Firehose made its attribute's name lower case."
  }
}

run "writes_parquet_into_partitions_of_a_lake" {
  variables {
    format       = "parquet"
    compression  = "GZIP"
    partition_by = { keys = [{ attribute = "event_type" }] }
    athena       = { database = { name = "lake" }, table_name = "orders" }
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].output_format_configuration[0].serializer[0].parquet_ser_de[0].compression == "GZIP"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].database_name == "lake"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration[0].table_name == "orders"
      && aws_kinesis_firehose_delivery_stream.this[0].extended_s3_configuration[0].processing_configuration[0].processors[*].type == tolist(["RecordDeAggregation", "MetadataExtraction"])
      && local.function_environment.PACK_RECORDS == "true"
    )
    error_message = "Packed records must be taken apart before they are converted, and Parquet has no lines to end."
  }
}

run "refuses_a_column_that_the_table_has" {
  command = plan

  variables {
    partition_by = { keys = [{ attribute = "type" }] }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "refuses_two_columns_of_one_name" {
  command = plan

  variables {
    partition_by = { keys = [{ attribute = "event_type" }, { body = ".event.type" }] }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "refuses_a_column_that_is_no_name" {
  command = plan

  variables {
    partition_by = { keys = [{ attribute = "event_type", column = "Event-Type" }] }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "refuses_keys_that_get_too_long" {
  command = plan

  variables {
    prefix       = "${format("%0200d", 0)}/"
    partition_by = { keys = [{ attribute = "event_type" }, { attribute = "region" }, { attribute = "channel" }] }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}

run "refuses_a_program_that_gets_too_long" {
  command = plan

  variables {
    partition_by = { keys = [{ attribute = "event_type", values = [for number in range(50) : format("%096d", number)] }] }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.this]
}
