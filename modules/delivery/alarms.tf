################################################################################
# Alarms: none unless asked for
################################################################################
# Firehose puts metrics once a minute, and none of a stream that is idle.
# https://docs.aws.amazon.com/firehose/latest/dev/firehose-cloudwatch-metrics-best-practices.html

locals {
  indexes  = var.stream.destination == "AmazonOpenSearchService"
  delivery = "DeliveryTo${var.stream.destination}"

  # A metric that counts what must not be: more than none is too much.
  counted = { statistic = "Sum", below = false, threshold = 0, period = 60, periods = 1 }
  # A metric that is 1 for what succeeded and 0 for what did not.
  succeeded = { statistic = "Average", below = true, threshold = 1, period = 300, periods = 1 }

  stream_alarms = {
    delivery-late = merge(local.counted, {
      watched   = try(var.alarms.delivery_delay_seconds, 0) > 0
      metric    = "${local.delivery}.DataFreshness"
      statistic = "Maximum"
      threshold = try(var.alarms.delivery_delay_seconds, 0)
      periods   = 3 # one slow minute is no news
      meaning   = "The oldest record in the stream has waited longer than ${try(var.alarms.delivery_delay_seconds, 0)} seconds."
    })
    delivery-failed = merge(local.succeeded, {
      watched = true
      metric  = "${local.delivery}.Success"
      periods = local.indexes ? 1 : 3 # S3 is tried again for 24 hours; what the domain refused is in the bucket already
      meaning = local.indexes ? "Documents could not be indexed: look under errors/ in the bucket, and at the domain." : "Objects could not be written for 15 minutes. Firehose tries for 24 hours, then the events are lost."
    })
    backup-failed = merge(local.succeeded, {
      watched = local.indexes
      metric  = "DeliveryToS3.Success"
      periods = 3
      meaning = "Documents could not be written to the bucket for 15 minutes. Firehose tries for 24 hours, then what was rejected is lost."
    })
    throttled = merge(local.counted, {
      watched = true
      metric  = "ThrottledRecords"
      periods = 5 # the function tries a burst's records again
      meaning = "The stream refuses records, for its quota is used up: ask AWS for more, or send less."
    })
    transformation-failed = merge(local.succeeded, {
      watched = var.transformation_function != null
      metric  = "ExecuteProcessing.Success"
      meaning = "The transformation function fails: after its retries the records are under errors/ in the bucket."
    })
    conversion-failed = merge(local.counted, {
      watched = var.stream.converts
      metric  = "FailedConversion.Records"
      meaning = "Records could not be converted to Parquet: they are under errors/ in the bucket."
    })
    partitions-exceeded = merge(local.counted, {
      watched   = var.stream.partitioned
      metric    = "PartitionCountExceeded"
      statistic = "Maximum"
      meaning   = "More partitions are open than the stream's quota allows: events of further ones are under errors/ in the bucket."
    })
    key-access-denied = merge(local.counted, {
      watched = var.stream.customer_managed_key
      metric  = "KMSKeyAccessDenied"
      meaning = "Firehose may not use the stream's key."
    })
    key-disabled = merge(local.counted, {
      watched = var.stream.customer_managed_key
      metric  = "KMSKeyDisabled"
      meaning = "The stream's key is disabled."
    })
    key-invalid-state = merge(local.counted, {
      watched = var.stream.customer_managed_key
      metric  = "KMSKeyInvalidState"
      meaning = "The stream's key cannot be used in its state, for example because it is to be deleted."
    })
    key-not-found = merge(local.counted, {
      watched = var.stream.customer_managed_key
      metric  = "KMSKeyNotFound"
      meaning = "The stream's key is gone."
    })
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = merge([for number, stream in local.stream_names : {
    for name, alarm in local.stream_alarms : number == 0 ? name : "stream-${number + 1}-${name}" => merge(alarm, { stream = stream })
    if var.alarms != null && alarm.watched
  }]...)

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "Delivery stream ${each.value.stream}: ${each.value.meaning}"
  namespace           = "AWS/Firehose"
  metric_name         = each.value.metric
  dimensions          = { DeliveryStreamName = each.value.stream }
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.actions
  ok_actions          = var.alarms.actions
  tags                = var.tags
}
