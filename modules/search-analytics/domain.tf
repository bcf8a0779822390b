################################################################################
# Domain
################################################################################

locals {
  domain = var.domain == null ? { arn = aws_opensearch_domain.this[0].arn, endpoint = aws_opensearch_domain.this[0].endpoint } : var.domain

  # Domain names are 3-28 lower-case letters, digits or '-', and begin with a letter.
  domain_name = coalesce(var.new_domain.name, trim(substr(replace(lower("${can(regex("^[A-Za-z]", var.name)) ? "" : "d-"}${var.name}--"), "_", "-"), 0, 28), "-"))
  zones       = var.new_domain.zone_count != null ? var.new_domain.zone_count : var.new_domain.instance_count % 2 == 0 ? 2 : 1
}

# advanced_options stays OpenSearch Service's own: rest.action.multi.allow_explicit_index, which Firehose needs, is true there, and a map
# with this one option alone would be planned against what the service adds to it.
resource "aws_opensearch_domain" "this" {
  count = var.domain == null ? 1 : 0

  domain_name    = local.domain_name
  engine_version = var.new_domain.engine_version

  cluster_config {
    instance_type            = var.new_domain.instance_type
    instance_count           = var.new_domain.instance_count
    dedicated_master_enabled = var.new_domain.master_count > 0
    dedicated_master_type    = var.new_domain.master_count > 0 ? var.new_domain.master_type : null
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
}

data "aws_caller_identity" "current" {}

# Partition and Region. Not by aws_region: its `name` and `id` are deprecated in version 6 of the provider, its `region` is not there in version 5.
data "aws_service" "es" {
  service_id = "es"
}

locals {
  # From known parts: a domain's policy cannot refer to the domain itself.
  domain_arn = "arn:${data.aws_service.es.partition}:es:${data.aws_service.es.region}:${data.aws_caller_identity.current.account_id}:domain/${local.domain_name}"
}
