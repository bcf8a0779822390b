# The engine that replays an archive: state machine -> workers (items of the plan -> target queue), and a governor beside them.
# Called by modules/replay; everything that runs costs nothing while no replay does.

data "aws_caller_identity" "current" {}

# Partition and Region. Not by aws_region: its `name` and `id` are deprecated in version 6 of the provider, its `region` is not there in version 5.
data "aws_service" "states" {
  service_id = "states"
}

locals {
  partition  = data.aws_service.states.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_service.states.region

  # The work area of every replay lies in the archive's bucket, outside the archive's own keys, and each module's in a folder of its own:
  # modules that share a bucket cannot write each other's. The command and the functions know it by the same name
  # (event_fork.replay_plan.work_area).
  work_area = "event-fork-replays/${var.name}"

  state_machine_name = "${var.name}-archive"
  # Known before it is made: its role must name it, to start the executions of the Distributed Map.
  state_machine_arn = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.state_machine_name}"
  execution_arns    = "arn:${local.partition}:states:${local.region}:${local.account_id}:execution:${local.state_machine_name}"
  map_run_arns      = "arn:${local.partition}:states:${local.region}:${local.account_id}:mapRun:${local.state_machine_name}"

  archive_key_statements = var.archive.kms_key == null ? [] : [{
    sid       = "UseArchiveKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"] # read the archive, write the work area
    resources = [var.archive.kms_key.arn]
  }]
}

# What the command needs to find the engine of an archive and a target: `event-fork replay plan --replay NAME`.
resource "aws_ssm_parameter" "this" {
  name        = "/event-fork-pipelines/${var.name}/archive-replay"
  description = "Where the archive replay ${var.name} is; read by the event-fork command."
  type        = "String"
  value = jsonencode({
    state_machine_arn = aws_sfn_state_machine.this.arn
    bucket            = var.archive.bucket.name
    prefix            = var.archive.prefix
    region            = local.region
    targets           = [for target in var.targets : { arn = target.arn, url = target.url }]
    memory            = { for role, function in local.functions : role => function.memory_size } # for the dollars of a plan
  })
  tags = var.tags
}
