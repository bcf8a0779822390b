################################################################################
# Alarms: none unless asked for
################################################################################

resource "aws_cloudwatch_metric_alarm" "dead_letter" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${var.name}-dead-letter"
  alarm_description   = "The dead-letter queue ${local.dead_letter_queue_name} holds messages that could not be delivered."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letter.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # SQS stops reporting a queue that has been idle for six hours
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  count = try(var.alarms.oldest_message_age_seconds, 0) > 0 ? 1 : 0

  alarm_name          = "${var.name}-oldest-message"
  alarm_description   = "The oldest message in ${local.queue_name} has waited longer than ${var.alarms.oldest_message_age_seconds} seconds: the function is not keeping up or fails."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3 # one slow minute is no news
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.oldest_message_age_seconds
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}
