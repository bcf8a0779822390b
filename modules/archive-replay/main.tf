# The engine that replays an archive: state machine -> workers (items of the plan -> target queue), and a governor beside them.
# Called by modules/replay; everything that runs costs nothing while no replay does.

locals {
  # The work area of every replay lies in the archive's bucket, outside the archive's own keys, and each module's in a folder of its own:
  # modules that share a bucket cannot write each other's. The command and the functions know it by the same name
  # (event_fork.replay_plan.work_area).
  work_area = "event-fork-replays/${var.name}"

  parameter = jsonencode({
    state_machine_arn = local.state_machine_arn
    bucket            = var.archive.bucket.name
    prefix            = var.archive.prefix
    region            = var.location.region
    targets           = [for target in var.targets : merge({ arn = target.arn, url = target.url }, target.idempotent ? { idempotent = true } : {}, target.shadow ? { shadow = true } : {})]
    memory            = { for role, function in local.functions : role => function.memory_size } # for the dollars of a plan
    worker_seconds    = var.worker.timeout_seconds
    runtime           = var.worker.runtime # python3.14 reads Zstandard
  })

  state_machine_name = "${var.name}-archive"
  # Known before it is made: its role must name it, to start the executions of the Distributed Map.
  state_machine_arn = "arn:${var.location.partition}:states:${var.location.region}:${var.location.account_id}:stateMachine:${local.state_machine_name}"
  execution_arns    = "arn:${var.location.partition}:states:${var.location.region}:${var.location.account_id}:execution:${local.state_machine_name}"
  map_run_arns      = "arn:${var.location.partition}:states:${var.location.region}:${var.location.account_id}:mapRun:${local.state_machine_name}"

  archive_key_statements = var.archive.kms_key == null ? [] : [{
    sid       = "UseArchiveKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"] # read the archive, write the work area
    resources = [var.archive.kms_key.arn]
    conditions = [
      {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for suffix in var.location.dns_suffixes : "s3.${var.location.region}.${suffix}"]
      },
      {
        test     = "StringLike"
        variable = "kms:EncryptionContext:aws:s3:arn" # the bucket with an S3 bucket key, the object without
        values   = [var.archive.bucket.arn, "${var.archive.bucket.arn}/*"]
      },
    ]
  }]
}

# What the command needs to find the engine of an archive and a target: `event-fork replay plan --replay NAME`.
resource "aws_ssm_parameter" "this" {
  name        = "/event-fork-pipelines/${var.name}/archive-replay"
  description = "Where the archive replay ${var.name} is; read by the event-fork command."
  type        = "String"
  tier        = "Intelligent-Tiering" # many targets with long names need more than the 4,096 characters of a standard parameter
  value       = local.parameter
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(local.parameter) <= 8192
      error_message = "archive and targets together must take at most 8192 characters, what Systems Manager keeps in a parameter: for example fewer targets, or shorter addresses of them. Received: ${length(local.parameter)} characters for ${length(var.targets)} targets."
    }
  }

  depends_on = [aws_sfn_state_machine.this] # a command that finds the parameter finds the engine
}
