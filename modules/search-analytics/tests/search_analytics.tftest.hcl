# What search-analytics promises, on a mocked provider. What it hands to modules/fork and modules/delivery is asserted as the locals
# that carry it; that it acts there is asserted in modules/fork/tests and modules/storage-backup/tests.

mock_provider "aws" {
  source = "../../tests/terraform/mocks"
}

variables {
  name       = "orders"
  topic_arn  = "arn:aws:sns:eu-west-1:123456789012:orders"
  index_name = "orders"
}

run "needs_only_a_name_a_topic_and_an_index_and_makes_a_safe_domain" {
  assert {
    condition = (
      aws_opensearch_domain.this[0].domain_name == "orders"
      && aws_opensearch_domain.this[0].engine_version == "OpenSearch_2.19"
      && aws_opensearch_domain.this[0].encrypt_at_rest[0].enabled
      && aws_opensearch_domain.this[0].node_to_node_encryption[0].enabled
      && aws_opensearch_domain.this[0].domain_endpoint_options[0].enforce_https
      && aws_opensearch_domain.this[0].domain_endpoint_options[0].tls_security_policy == "Policy-Min-TLS-1-2-PFS-2023-10"
      && aws_opensearch_domain.this[0].ebs_options[0].volume_type == "gp3"
      && length(aws_opensearch_domain.this[0].advanced_security_options) == 0
      && length(aws_opensearch_domain.this[0].vpc_options) == 0
      && length(aws_opensearch_domain.this[0].log_publishing_options) + length(aws_cloudwatch_log_group.domain) + length(aws_cloudwatch_log_resource_policy.domain) == 0
    )
    error_message = "The new domain must be encrypted at rest, between nodes and on its endpoint."
  }

  assert {
    condition = (
      aws_opensearch_domain.this[0].cluster_config[0].instance_count == 2
      && aws_opensearch_domain.this[0].cluster_config[0].instance_type == "m7g.medium.search"
      && aws_opensearch_domain.this[0].cluster_config[0].dedicated_master_count == 3
      && aws_opensearch_domain.this[0].cluster_config[0].zone_awareness_config[0].availability_zone_count == 2
    )
    error_message = "The new domain must have 2 data nodes in 2 zones and 3 masters."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].destination == "opensearch"
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].enabled
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].key_type == "AWS_OWNED_CMK"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].domain_arn == "arn:aws:es:eu-west-1:123456789012:domain/mocked"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].index_name == "orders"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].index_rotation_period == "OneDay"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].retry_duration == 300
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].buffering_interval == 300
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].buffering_size == 5
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_backup_mode == "FailedDocumentsOnly"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].document_id_options[0].default_document_id_format == "FIREHOSE_DEFAULT"
      && length(aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].vpc_config) == 0
    )
    error_message = "The stream must be encrypted and index into the new domain, a day an index, ids given by Firehose."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].bucket_arn == "arn:aws:s3:::orders-mocked"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].prefix == "date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].error_output_prefix == "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].compression_format == "GZIP"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].cloudwatch_logging_options[0].enabled
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].cloudwatch_logging_options[0].enabled
    )
    error_message = "Rejected documents must go to the module's own bucket under errors/, and errors be logged."
  }

  assert {
    condition = local.function_environment == {
      ATTRIBUTE_FIELDS     = "true"
      DELIVERY_STREAM_NAME = "orders"
      EVENT_TYPE_ATTRIBUTE = "event_type"
      REDACT               = "[]"
    }
    error_message = "The function must know its stream and the attribute that types events."
  }

  assert {
    condition     = local.function_statements == [{ sid = "WriteToStream", actions = ["firehose:PutRecordBatch"], resources = ["arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders"] }]
    error_message = "The function may put records into this stream, and nothing else."
  }

  assert {
    condition = local.index_statements == [
      {
        sid       = "FindDomain"
        actions   = ["es:DescribeDomain", "es:DescribeDomains", "es:DescribeDomainConfig"]
        resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked"]
      },
      {
        sid       = "WriteDocuments"
        actions   = ["es:ESHttpPost", "es:ESHttpPut"]
        resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked", "arn:aws:es:eu-west-1:123456789012:domain/mocked/*"]
      },
      {
        sid     = "ReadIndexState"
        actions = ["es:ESHttpGet"]
        resources = [
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/_all/_settings",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/_cluster/stats",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/_nodes",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/_nodes/stats",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/_nodes/*/stats",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/_stats",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/orders*/_mapping*",
          "arn:aws:es:eu-west-1:123456789012:domain/mocked/orders*/_stats",
        ]
      },
    ] && length(local.vpc_statements) == 0
    error_message = "The stream may find the domain, write documents and read what Firehose needs to know of its index, and no more."
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
      && length(distinct([for stream in aws_kinesis_firehose_delivery_stream.this : jsonencode(stream.opensearch_configuration)])) == 1
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
    replace_stores          = "the run before had a domain of its own"
    domain                  = { arn = "arn:aws:es:eu-west-1:123456789012:domain/shared", endpoint = "search-shared.eu-west-1.es.amazonaws.com" }
    bucket                  = { arn = "arn:aws:s3:::rejected", name = "rejected" }
    bucket_kms_key          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
    kms_key                 = { arn = "arn:aws:kms:eu-west-1:123456789012:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab" }
    index_rotation_period   = "NoRotation"
    retry_duration_seconds  = 0
    buffering               = { interval_seconds = 0, size_mib = 100 }
    document_id             = "NO_DOCUMENT_ID"
    s3_backup_mode          = "AllDocuments"
    prefix                  = "orders/"
    compression             = "UNCOMPRESSED"
    event_type_attribute    = "kind"
    redact                  = [{ path = "$.payment.card", action = "mask" }]
    transformation_function = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:redact" }
    vpc                     = { subnet_ids = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] }
  }

  assert {
    condition = (
      length(aws_opensearch_domain.this) == 0 && length(module.bucket) == 0
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].domain_arn == var.domain.arn
      && output.domain_arn == var.domain.arn && output.domain_endpoint == var.domain.endpoint && output.bucket_name == "rejected"
    )
    error_message = "The given domain and bucket must be used, and none be made."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].index_rotation_period == "NoRotation"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].retry_duration == 0
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].buffering_interval == 0
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].buffering_size == 100
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].document_id_options[0].default_document_id_format == "NO_DOCUMENT_ID"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_backup_mode == "AllDocuments"
      && aws_kinesis_firehose_delivery_stream.this[0].server_side_encryption[0].key_arn == var.kms_key.arn
    )
    error_message = "The stream must have the given settings."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].bucket_arn == "arn:aws:s3:::rejected"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].prefix == "orders/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].error_output_prefix == "errors/orders/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].compression_format == "UNCOMPRESSED"
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].buffering_interval == 60
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].s3_configuration[0].kms_key_arn == var.bucket_kms_key.arn
    )
    error_message = "The copies must go to the given bucket; a backup bucket cannot be written to more often than once a minute."
  }

  assert {
    condition = (
      aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].vpc_config[0].subnet_ids == toset(var.vpc.subnet_ids)
      && aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].vpc_config[0].security_group_ids == toset(var.vpc.security_group_ids)
      && local.vpc_statements[0].sid == "UseNetworkInterfaces"
    )
    error_message = "Firehose must reach a domain inside a VPC."
  }

  assert {
    condition = one(aws_kinesis_firehose_delivery_stream.this[0].opensearch_configuration[0].processing_configuration[0].processors[0].parameters[*].parameter_value) == (
      "arn:aws:lambda:eu-west-1:123456789012:function:redact"
    )
    error_message = "Firehose must call the transformation function, with Firehose's own defaults left out."
  }

  assert {
    condition = local.function_environment == {
      ATTRIBUTE_FIELDS     = "true"
      DELIVERY_STREAM_NAME = "orders"
      EVENT_TYPE_ATTRIBUTE = "kind"
      REDACT               = jsonencode([{ action = "mask", path = "$.payment.card" }])
    }
    error_message = "The rules and the attribute must reach the function."
  }
}

run "a_new_domain_takes_its_settings" {
  command = plan # the domain that the first run made would have to be replaced

  variables {
    name           = "1_Orders_with_a_name_that_is_too_long"
    replace_stores = "another name"
    new_domain = {
      instance_type         = "r7g.large.search"
      instance_count        = 3
      master_count          = 0
      volume_size_gib       = 100
      kms_key               = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
      master_user_arn       = "arn:aws:iam::123456789012:role/search-admin"
      logs                  = ["application", "audit", "index_slow", "search_slow"]
      access_principal_arns = ["arn:aws:iam::123456789012:role/analysts"]
    }
    vpc                = { subnet_ids = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] }
    log_retention_days = 7
    log_kms_key        = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  assert {
    condition     = aws_opensearch_domain.this[0].domain_name == "d-1-orders-with-a-n-${substr(sha256(var.name), 0, 8)}" && can(regex("^[a-z][a-z0-9-]{2,27}$", aws_opensearch_domain.this[0].domain_name))
    error_message = "The domain's name must be a valid one whatever the fork is called."
  }

  assert {
    condition = (
      aws_opensearch_domain.this[0].cluster_config[0].instance_count == 3
      && !aws_opensearch_domain.this[0].cluster_config[0].dedicated_master_enabled
      && !aws_opensearch_domain.this[0].cluster_config[0].zone_awareness_enabled
      && aws_opensearch_domain.this[0].ebs_options[0].volume_size == 100
      && aws_opensearch_domain.this[0].encrypt_at_rest[0].kms_key_id == var.new_domain.kms_key.arn
      && aws_opensearch_domain.this[0].advanced_security_options[0].enabled
      && !aws_opensearch_domain.this[0].advanced_security_options[0].internal_user_database_enabled
      && aws_opensearch_domain.this[0].advanced_security_options[0].master_user_options[0].master_user_arn == var.new_domain.master_user_arn
      && length(aws_opensearch_domain.this[0].vpc_options[0].subnet_ids) == 1
    )
    error_message = "The domain must have the given nodes, key and administrator, and a subnet for each of its zones."
  }

  assert {
    condition     = toset(aws_opensearch_domain.this[0].log_publishing_options[*].log_type) == toset(["AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"])
    error_message = "The domain must publish the given logs."
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.domain["index_slow"].name == "/aws/OpenSearchService/domains/${aws_opensearch_domain.this[0].domain_name}/index-slow"
      && alltrue([for group in aws_cloudwatch_log_group.domain : group.retention_in_days == 7 && group.kms_key_id == var.log_kms_key.arn])
    )
    error_message = "Each log must have a group that is encrypted and kept as the function's."
  }

  assert {
    condition = [for statement in jsondecode(aws_cloudwatch_log_resource_policy.domain[0].policy_document).Statement : statement if statement.Effect == "Allow"] == [{
      Sid       = "PublishLogs"
      Effect    = "Allow"
      Principal = { Service = "es.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [
        for log in ["application", "audit", "index-slow", "search-slow"] :
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/OpenSearchService/domains/${aws_opensearch_domain.this[0].domain_name}/${log}:*"
      ]
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnEquals    = { "aws:SourceArn" = "arn:aws:es:eu-west-1:123456789012:domain/${aws_opensearch_domain.this[0].domain_name}" }
      }
    }]
    error_message = "OpenSearch Service may write to these groups for this domain only."
  }

  assert {
    condition = jsondecode(aws_opensearch_domain.this[0].access_policies).Statement == [{
      Sid       = "LetIn"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::123456789012:role/analysts"] }
      Action    = "es:ESHttp*"
      Resource  = "arn:aws:es:eu-west-1:123456789012:domain/d-1-orders-with-a-n-${substr(sha256(var.name), 0, 8)}/*"
    }]
    error_message = "The domain must let the given principals in, and nobody else."
  }
}

run "a_region_without_the_usual_instances_gets_others" {
  override_data {
    target = module.fork.data.aws_service.s3
    values = { partition = "aws", region = "ca-west-1", dns_name = "s3.ca-west-1.amazonaws.com" }
  }

  variables {
    topic_arn            = "arn:aws:sns:ca-west-1:123456789012:orders"
    replace_stores       = "another Region"
    powertools_layer_arn = "arn:aws:lambda:ca-west-1:123456789012:layer:powertools:1"
  }

  assert {
    condition     = aws_opensearch_domain.this[0].cluster_config[0].instance_type == "r7g.medium.search" && aws_opensearch_domain.this[0].cluster_config[0].dedicated_master_type == "r7g.medium.search"
    error_message = "ca-west-1 has no m7g.medium.search."
  }
}

run "a_name_of_one_letter_makes_a_name_of_a_domain" {
  variables {
    name           = "a"
    replace_stores = "one letter"
  }

  assert {
    condition     = aws_opensearch_domain.this[0].domain_name == "a-${substr(sha256("a"), 0, 8)}"
    error_message = "Domain names have at least 3 characters."
  }
}

run "keeps_template_and_alias_in_the_domain_and_deletes_no_index_unless_asked" {
  variables {
    name           = "orders"
    replace_stores = "name"
  }

  assert {
    condition = jsondecode(aws_lambda_invocation.index[0].input).index == {
      name           = "orders"
      pattern        = "orders-2*"
      alias          = "orders-all"
      retention_days = null
      only_template  = true
      template_name  = "event-fork-orders"
      template = {
        index_patterns = ["orders-2*"]
        priority       = 106
        _meta          = { made_by = "event-fork-pipelines", fork = "orders" }
        template = {
          settings = {}
          aliases  = { orders-all = {} }
          mappings = { properties = jsondecode(file("mappings.json")) }
        }
      }
    }
    error_message = "The template must be for Firehose's indices of this fork: ${aws_lambda_invocation.index[0].input}"
  }

  assert {
    condition     = aws_lambda_invocation.index[0].lifecycle_scope == "CRUD" && length(aws_cloudwatch_event_rule.retention) == 0 && length(aws_cloudwatch_metric_alarm.index_failed) == 0
    error_message = "The template must go with the fork, and no index be deleted."
  }

  assert {
    condition = local.index_function_statements == [
      { sid = "KeepTemplate", actions = ["es:ESHttpPut", "es:ESHttpDelete"], resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked/_index_template/event-fork-orders"] },
      { sid = "SeeOtherTemplates", actions = ["es:ESHttpPost"], resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked/_index_template/_simulate/event-fork-orders"] },
      { sid = "KeepAlias", actions = ["es:ESHttpGet", "es:ESHttpPut", "es:ESHttpDelete"], resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked/*/_alias", "arn:aws:es:eu-west-1:123456789012:domain/mocked/*/_alias/*"] },
      { sid = "RemoveAccess", actions = ["es:ESHttpDelete"], resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked/_plugins/_security/api/roles/event-fork-orders", "arn:aws:es:eu-west-1:123456789012:domain/mocked/_plugins/_security/api/rolesmapping/event-fork-orders"] },
      { sid = "RemoveDashboards", actions = ["es:ESHttpDelete"], resources = ["arn:aws:es:eu-west-1:123456789012:domain/mocked/_dashboards/api/saved_objects/*/event-fork-orders*"] },
    ]
    error_message = "The function may keep its own template and aliases, and no more."
  }
}

run "takes_mappings_settings_and_days_and_says_so_when_it_fails" {
  variables {
    replace_stores = "name"
    alarms         = { actions = ["arn:aws:sns:eu-west-1:123456789012:on-call"] }
    index_management = {
      mappings           = jsonencode({ dynamic = "strict", properties = { due = { type = "keyword" }, event_id = { type = "keyword" }, event_type = { type = "keyword" } } })
      settings           = jsonencode({ index = { number_of_shards = 2 } })
      priority           = 7
      alias              = "all-orders"
      retention_days     = 90
      dashboards         = { numbers = ["amount"], values = ["customer.country.keyword"] }
      map_delivery_role  = true
      credentials_secret = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-admin-a1b2c3" }
    }
  }

  assert {
    condition = (
      { for name, value in jsondecode(aws_lambda_invocation.index[0].input).index.dashboards : name => value if name != "where_rejected" }
      == { fork = "orders", index_pattern = "all-orders", numbers = ["amount"], values = ["customer.country.keyword"], tenant = "global", edition = 1, type_field = "event_type" }
      && [for statement in local.index_function_statements : statement.resources if statement.sid == "ImportDashboards"] == [["arn:aws:es:eu-west-1:123456789012:domain/mocked/_dashboards/api/saved_objects/_import"]]
    )
    error_message = "Dashboards of the fork must be asked for, with the permission to import them."
  }

  assert {
    condition = (
      jsondecode(aws_lambda_invocation.index[0].input).index.delivery_role_arn == output.delivery_role_arn
      && [for statement in local.index_function_statements : statement.resources if statement.sid == "KeepAccess"] == [["arn:aws:es:eu-west-1:123456789012:domain/mocked/_plugins/_security/api/roles/event-fork-orders", "arn:aws:es:eu-west-1:123456789012:domain/mocked/_plugins/_security/api/rolesmapping/event-fork-orders"]]
    )
    error_message = "The delivery role must be mapped in the domain, with the permission for that role and mapping alone."
  }

  assert {
    condition = (
      jsondecode(aws_lambda_invocation.index[0].input).index.template.priority == 7
      && jsondecode(aws_lambda_invocation.index[0].input).index.template.template.settings == { index = { number_of_shards = 2 } }
      && jsondecode(aws_lambda_invocation.index[0].input).index.template.template.aliases == { all-orders = {} }
      && jsondecode(aws_lambda_invocation.index[0].input).index.template.template.mappings.dynamic == "strict"
      && jsondecode(aws_lambda_invocation.index[0].input).index.template.template.mappings.properties.due == { type = "keyword" }
      && jsondecode(aws_lambda_invocation.index[0].input).index.template.template.mappings.properties.event_id == { type = "keyword" }
      && jsondecode(aws_lambda_invocation.index[0].input).index.template.template.mappings.properties.event_attributes == { type = "flat_object" }
    )
    error_message = "Given mappings and settings must be in the template, beside the module's own."
  }

  assert {
    condition = (
      jsondecode(aws_cloudwatch_event_target.retention[0].input) == { action = "delete_old", index = jsondecode(aws_lambda_invocation.index[0].input).index }
      && aws_cloudwatch_event_rule.retention[0].schedule_expression == "rate(1 hour)"
      && aws_lambda_permission.retention[0].principal == "events.amazonaws.com"
      && [for statement in local.index_function_statements : statement.resources if statement.sid == "DeleteOldIndexes"] == [["arn:aws:es:eu-west-1:123456789012:domain/mocked/orders-2*"]]
      && [for statement in local.index_function_statements : statement.resources if statement.sid == "ReadCredentials"] == [["arn:aws:secretsmanager:eu-west-1:123456789012:secret:search-admin-a1b2c3"]]
      && aws_cloudwatch_metric_alarm.index_failed[0].dimensions.FunctionName == "orders-index"
    )
    error_message = "Indices must be deleted by the same function, every hour, and an alarm say when that fails."
  }
}

run "one_index_without_periods_is_its_own_pattern" {
  variables {
    replace_stores        = "name"
    index_rotation_period = "NoRotation"
    index_management      = { alias = "" }
  }

  assert {
    condition     = local.managed_index.pattern == "orders" && local.managed_index.alias == null && local.managed_index.template.template.aliases == {}
    error_message = "Without rotation Firehose adds nothing to the index's name."
  }
}

run "keeps_nothing_in_the_domain_when_told_so_and_writes_attributes_as_texts" {
  variables {
    replace_stores   = "name"
    index_management = { enabled = false, retention_days = 3 }
  }

  assert {
    condition     = length(aws_lambda_invocation.index) == 0 && length(module.index_function) == 0 && local.function_environment.ATTRIBUTE_FIELDS == "false" && output.index_alias == null && output.index_management_role_arn == null
    error_message = "Without a template no attribute may become a field."
  }
}
