# Internal: what the delivery streams of storage-backup and search-analytics need beside the streams themselves:
# the role Firehose works under, the log of their errors, the call of a transformation function, and alarms (alarms.tf).

locals {
  stream_names = [for number in range(1, var.stream_count + 1) : number == 1 ? var.name : "${var.name}-stream-${number}"]

  bucket_key_statements = var.bucket_kms_key == null ? [] : [{
    Sid      = "EncryptObjects"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = var.bucket_kms_key.arn
    Condition = {
      StringEquals = { "kms:ViaService" = [for suffix in var.location.dns_suffixes : "s3.${var.location.region}.${suffix}"] }
      # The context is the bucket with an S3 bucket key and the object without.
      StringLike = { "kms:EncryptionContext:aws:s3:arn" = [var.bucket.arn, "${var.bucket.arn}/*"] }
    }
  }]

  # The function's own ARN without version or alias: Firehose asks for its configuration by that name and invokes a version of it.
  transformation_function_arn = var.transformation_function == null ? null : join(":", slice(split(":", var.transformation_function.arn), 0, 7))
  transformation_statements = var.transformation_function == null ? [] : [{
    Sid      = "InvokeTransformation"
    Effect   = "Allow"
    Action   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    Resource = [local.transformation_function_arn, "${local.transformation_function_arn}:*"]
  }]

  # The provider removes a parameter that equals Firehose's default when it reads the stream, and would then plan to add it
  # again for ever: only values that differ are sent. https://github.com/hashicorp/terraform-provider-aws/issues/9827
  transformation_parameters = var.transformation_function == null ? [] : concat(
    [{ name = "LambdaArn", value = var.transformation_function.arn }],
    [
      for parameter in [
        { name = "NumberOfRetries", value = var.transformation_function.retries, default = 3 },
        { name = "BufferSizeInMBs", value = var.transformation_function.buffer_size_mib, default = 1 },
        { name = "BufferIntervalInSeconds", value = var.transformation_function.buffer_interval_seconds, default = 60 },
      ] : { name = parameter.name, value = tostring(parameter.value) } if parameter.value != parameter.default
    ],
  )
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-firehose-${var.location.region}" # roles are global: the same fork may stand in several Regions of one account
  path                 = var.roles.path
  permissions_boundary = var.roles.permissions_boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = var.location.account_id } } # streams of this account only
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "this" {
  name = "delivery"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "FindBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
          Resource = var.bucket.arn
        },
        {
          Sid    = "WriteObjects"
          Effect = "Allow"
          # Firehose gives each object the ACL bucket-owner-full-control; in a bucket of another account that needs PutObjectAcl.
          Action   = concat(["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], var.bucket.given ? ["s3:PutObjectAcl"] : [])
          Resource = [for prefix in var.object_prefixes : "${var.bucket.arn}/${prefix}*"]
        },
        {
          Sid      = "LogErrors"
          Effect   = "Allow"
          Action   = "logs:PutLogEvents"
          Resource = "${aws_cloudwatch_log_group.this.arn}:log-stream:${aws_cloudwatch_log_stream.this.name}"
        },
      ],
      local.bucket_key_statements,
      local.transformation_statements,
      [for statement in var.statements : { Sid = statement.sid, Effect = "Allow", Action = statement.actions, Resource = statement.resources }],
    )
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/kinesisfirehose/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = try(var.log_kms_key.arn, null)
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "this" {
  name           = "DestinationDelivery" # the name the console uses
  log_group_name = aws_cloudwatch_log_group.this.name
}
