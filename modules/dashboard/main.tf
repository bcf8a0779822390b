################################################################################
# CloudWatch dashboard: a row for the topic, a row for each fork
################################################################################
# The first 3 dashboards of an account with up to 50 metrics each are free, further ones cost 3 dollars a month:
# https://aws.amazon.com/cloudwatch/pricing/

locals {
  topic_region = split(":", var.topic_arn)[3]
  topic_name   = element(split(":", var.topic_arn), 5)

  topic_row = [{
    title  = "Topic ${local.topic_name}"
    region = local.topic_region
    metrics = [for name in ["NumberOfMessagesPublished", "NumberOfNotificationsDelivered", "NumberOfNotificationsFilteredOut", "NumberOfNotificationsFailed"] :
      { namespace = "AWS/SNS", name = name, dimension = "TopicName", of = local.topic_name, stat = "Sum" }
    ]
  }]

  fork_rows = [for name, fork in var.forks : [
    {
      title  = "${name}: events"
      region = split(":", fork.queue_arn)[3]
      metrics = concat(
        [
          { namespace = "AWS/SQS", name = "NumberOfMessagesSent", dimension = "QueueName", of = element(split(":", fork.queue_arn), 5), stat = "Sum" },
          { namespace = "AWS/SQS", name = "NumberOfMessagesDeleted", dimension = "QueueName", of = element(split(":", fork.queue_arn), 5), stat = "Sum" },
          { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", dimension = "QueueName", of = fork.dead_letter_queue_name, stat = "Maximum" },
        ],
        flatten([for stream in try(fork.streams.names, []) : [
          { namespace = "AWS/Firehose", name = "DeliveryTo${fork.streams.destination}.Records", dimension = "DeliveryStreamName", of = stream, stat = "Sum" },
        ]]),
      )
    },
    {
      title  = "${name}: lag in seconds"
      region = split(":", fork.queue_arn)[3]
      metrics = concat(
        [{ namespace = "AWS/SQS", name = "ApproximateAgeOfOldestMessage", dimension = "QueueName", of = element(split(":", fork.queue_arn), 5), stat = "Maximum" }],
        flatten([for stream in try(fork.streams.names, []) : [
          { namespace = "AWS/Firehose", name = "DeliveryTo${fork.streams.destination}.DataFreshness", dimension = "DeliveryStreamName", of = stream, stat = "Maximum" },
        ]]),
      )
    },
    {
      title  = "${name}: failures"
      region = split(":", fork.queue_arn)[3]
      metrics = concat(
        [for metric in ["Errors", "Throttles"] :
          { namespace = "AWS/Lambda", name = metric, dimension = "FunctionName", of = fork.function_name, stat = "Sum" }
        ],
        flatten([for stream in try(fork.streams.names, []) : [
          { namespace = "AWS/Firehose", name = "DeliveryTo${fork.streams.destination}.Success", dimension = "DeliveryStreamName", of = stream, stat = "Minimum" },
          { namespace = "AWS/Firehose", name = "ThrottledRecords", dimension = "DeliveryStreamName", of = stream, stat = "Sum" },
        ]]),
      )
    },
  ]]

  rows = concat([local.topic_row], local.fork_rows)

  widgets = flatten([for row, panels in local.rows : [for place, panel in panels : {
    type   = "metric"
    x      = place * 24 / length(panels)
    y      = row * 6
    width  = 24 / length(panels)
    height = 6
    properties = {
      title   = panel.title
      region  = panel.region
      view    = "timeSeries"
      period  = 60
      metrics = [for metric in panel.metrics : [metric.namespace, metric.name, metric.dimension, metric.of, { stat = metric.stat }]]
    }
  }]])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = length(var.name) <= 255 ? var.name : "${substr(var.name, 0, 246)}-${substr(sha256(var.name), 0, 8)}"
  dashboard_body = jsonencode({ widgets = local.widgets })
}
