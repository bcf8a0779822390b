################################################################################
# Alarms: none unless asked for
################################################################################

resource "aws_cloudwatch_metric_alarm" "failed" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${local.state_machine_name}-failed"
  alarm_description   = "A replay from the archive failed as a whole; `event-fork replay status` says why, `resume` goes on."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.this.arn }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # no replay, no metric
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}

# The map tolerates every failure, so an item that was given up does not fail the execution. Its own child execution does fail, and
# counts under the labelled ARN: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
resource "aws_cloudwatch_metric_alarm" "items_failed" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${local.state_machine_name}-items-failed"
  alarm_description   = "A part of a replay from the archive was given up; `event-fork replay status` says why, `resume` sends it."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = "${aws_sfn_state_machine.this.arn}/${local.send_items.Label}" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "not_replayed" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${local.state_machine_name}-not-replayed"
  alarm_description   = "Events of a replay could not be sent; the progress objects of the replay name them with their reasons."
  namespace           = "EventForkPipelines"
  metric_name         = "EventsNotReplayed"
  dimensions          = { service = local.function_names.worker }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}
