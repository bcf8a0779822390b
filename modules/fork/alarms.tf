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
  count = try(var.alarms.oldest_message_age_seconds, 0) > 0 && !local.direct ? 1 : 0

  alarm_name          = "${var.name}-oldest-message"
  alarm_description   = "The oldest message in ${local.queue_name} has waited longer than ${var.alarms.oldest_message_age_seconds} seconds: the function is not keeping up or fails."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this[0].name }
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

# What SNS could not deliver. Only the topic's own account and Region have these metrics: elsewhere the alarms stay silent. They count all
# subscriptions of the topic. https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
locals {
  topic_alarms = var.alarms == null || !var.create_subscription ? 0 : 1
}

resource "aws_cloudwatch_metric_alarm" "notifications_failed" {
  count = local.topic_alarms

  alarm_name          = "${var.name}-notifications-failed"
  alarm_description   = "SNS could not deliver messages of the topic ${local.topic_name} to a subscriber. For ${var.name} they are in ${local.dead_letter_queue_name}."
  namespace           = "AWS/SNS"
  metric_name         = "NumberOfNotificationsFailed"
  dimensions          = { TopicName = local.topic_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # SNS reports nothing while nothing fails
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "notifications_lost" {
  count = local.topic_alarms

  alarm_name          = "${var.name}-notifications-lost"
  alarm_description   = "Messages of the topic ${local.topic_name} are lost: SNS could deliver them neither to a subscriber nor to its dead-letter queue, for example because they are larger than max_message_bytes."
  namespace           = "AWS/SNS"
  metric_name         = "NumberOfNotificationsFailedToRedriveToDlq"
  dimensions          = { TopicName = local.topic_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # SNS reports nothing while nothing fails
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}
