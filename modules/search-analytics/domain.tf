################################################################################
# Domain
################################################################################

locals {
  domain = var.domain == null ? { arn = aws_opensearch_domain.this[0].arn, endpoint = aws_opensearch_domain.this[0].endpoint } : var.domain

  # Domain names are 3-28 lower-case letters, digits or '-', and begin with a letter. A name that must be changed for that ends with a hash
  # of the whole, so that short names are long enough and two forks of like names have two domains.
  domain_name_from_fork = can(regex("^[a-z][a-z0-9-]{1,26}[a-z0-9]$", var.name)) ? var.name : join("-", [
    trim(substr(replace(lower("${can(regex("^[A-Za-z]", var.name)) ? "" : "d-"}${var.name}"), "_", "-"), 0, 19), "-"),
    substr(sha256(var.name), 0, 8),
  ])
  domain_name = coalesce(var.new_domain.name, local.domain_name_from_fork)

  # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html, prices by Region
  regions_without_m7g = ["ca-west-1", "eu-south-1"]
  usual_instance_type = contains(local.regions_without_m7g, local.location.region) ? "r7g.medium.search" : "m7g.medium.search"

  zones = var.new_domain.zone_count != null ? var.new_domain.zone_count : var.new_domain.instance_count % 2 == 0 ? 2 : 1
}

# advanced_options stays OpenSearch Service's own: rest.action.multi.allow_explicit_index, which Firehose needs, is true there, and a map
# with this one option alone would be planned against what the service adds to it.
resource "aws_opensearch_domain" "this" {
  count = var.domain == null ? 1 : 0

  domain_name    = local.domain_name
  engine_version = var.new_domain.engine_version

  cluster_config {
    instance_type            = coalesce(var.new_domain.instance_type, local.usual_instance_type)
    instance_count           = var.new_domain.instance_count
    dedicated_master_enabled = var.new_domain.master_count > 0
    dedicated_master_type    = var.new_domain.master_count > 0 ? coalesce(var.new_domain.master_type, local.usual_instance_type) : null
    dedicated_master_count   = var.new_domain.master_count > 0 ? var.new_domain.master_count : null
    zone_awareness_enabled   = local.zones > 1

    dynamic "zone_awareness_config" {
      for_each = local.zones > 1 ? [local.zones] : []

      content {
        availability_zone_count = zone_awareness_config.value
      }
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = var.new_domain.volume_size_gib
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = try(var.new_domain.kms_key.arn, null)
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  dynamic "advanced_security_options" {
    for_each = var.new_domain.master_user_arn == null ? [] : [var.new_domain.master_user_arn]

    content {
      enabled                        = true
      internal_user_database_enabled = false

      master_user_options {
        master_user_arn = advanced_security_options.value
      }
    }
  }

  dynamic "vpc_options" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnet_ids         = slice(vpc_options.value.subnet_ids, 0, local.zones)
      security_group_ids = vpc_options.value.security_group_ids
    }
  }

  dynamic "log_publishing_options" {
    for_each = aws_cloudwatch_log_group.domain

    content {
      log_type                 = local.domain_log_types[log_publishing_options.key]
      cloudwatch_log_group_arn = log_publishing_options.value.arn
    }
  }

  access_policies = length(var.new_domain.access_principal_arns) == 0 ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetIn"
      Effect    = "Allow"
      Principal = { AWS = var.new_domain.access_principal_arns }
      Action    = "es:ESHttp*"
      Resource  = "${local.domain_arn}/*"
    }]
  })

  tags = var.tags

  # The stores: where only an apply can tell, the refusal comes before the domain goes. The policy: OpenSearch Service tries whether it may log.
  depends_on = [terraform_data.stores, aws_cloudwatch_log_resource_policy.domain]
}

################################################################################
# Logs of the domain: none unless asked for
################################################################################

locals {
  domain_log_types = {
    application = "ES_APPLICATION_LOGS"
    audit       = "AUDIT_LOGS"
    index_slow  = "INDEX_SLOW_LOGS"
    search_slow = "SEARCH_SLOW_LOGS"
  }
  domain_logs = var.domain == null ? toset(var.new_domain.logs) : toset([])
}

resource "aws_cloudwatch_log_group" "domain" {
  for_each = local.domain_logs

  name              = "/aws/OpenSearchService/domains/${local.domain_name}/${replace(each.key, "_", "-")}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(var.log_kms_key.arn, null)
  tags              = var.tags
}

# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
resource "aws_cloudwatch_log_resource_policy" "domain" {
  count = length(local.domain_logs) > 0 ? 1 : 0

  policy_name = "${local.domain_name}-domain-logs"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishLogs"
      Effect    = "Allow"
      Principal = { Service = "es.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = [for group in aws_cloudwatch_log_group.domain : "arn:${local.location.partition}:logs:${local.location.region}:${local.location.account_id}:log-group:${group.name}:*"]
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.location.account_id }
        ArnEquals    = { "aws:SourceArn" = local.domain_arn }
      }
    }]
  })
}

locals {
  # From known parts: a domain's policy cannot refer to the domain itself.
  location   = module.fork.location
  domain_arn = "arn:${local.location.partition}:es:${local.location.region}:${local.location.account_id}:domain/${local.domain_name}"
}
