################################################################################
# Dashboard: none unless asked for
################################################################################

module "dashboard" {
  source = "../dashboard"
  count  = var.dashboard ? 1 : 0

  name      = "${var.name}-${local.region}" # dashboards are global in an account
  topic_arn = var.topic_arn
  forks = {
    (var.name) = {
      queue_arn              = aws_sqs_queue.this[0].arn
      dead_letter_queue_name = local.dead_letter_queue_name
      function_name          = module.function[0].name
      streams = var.delivery == null ? null : {
        names       = concat([var.delivery.name], var.delivery.more_names)
        destination = var.delivery.destination
      }
    }
  }
}
