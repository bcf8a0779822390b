# Made by `make docs` from the inputs and outputs of the modules: edit those.

module "storage_backups" {
  source   = "./modules/storage-backup"
  for_each = var.storage_backups

  name      = each.key
  topic_arn = var.topic_arn

  kms_key                 = each.value.kms_key
  queue                   = each.value.queue
  function                = each.value.function
  log_retention_days      = each.value.log_retention_days
  event_source_mapping    = each.value.event_source_mapping
  stream_count            = each.value.stream_count
  bucket_kms_key          = each.value.bucket_kms_key
  bucket_force_destroy    = each.value.bucket_force_destroy
  create_subscription     = each.value.create_subscription
  filter_policy           = each.value.filter_policy
  filter_policy_scope     = each.value.filter_policy_scope
  dead_letter_queue       = each.value.dead_letter_queue
  max_message_bytes       = each.value.max_message_bytes
  undelivered_queue       = each.value.undelivered_queue
  replace_stores          = each.value.replace_stores
  log_level               = each.value.log_level
  tracing                 = each.value.tracing
  dashboard               = each.value.dashboard
  function_vpc            = each.value.function_vpc
  redact                  = each.value.redact
  ingest                  = each.value.ingest
  record_format           = each.value.record_format
  pack_records            = each.value.pack_records
  compress_records        = each.value.compress_records
  environment_variables   = each.value.environment_variables
  buffering               = each.value.buffering
  prefix                  = each.value.prefix
  partition_by            = each.value.partition_by
  format                  = each.value.format
  compression             = each.value.compression
  transformation_function = each.value.transformation_function
  bucket                  = each.value.bucket
  lifecycle_rules         = each.value.lifecycle_rules
  athena                  = each.value.athena
  alarms                  = each.value.alarms

  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn
  log_kms_key          = var.log_kms_key
  roles                = var.roles
  tags                 = merge(var.tags, each.value.tags)
}

module "search_analytics" {
  source   = "./modules/search-analytics"
  for_each = var.search_analytics

  name      = each.key
  topic_arn = var.topic_arn

  kms_key                 = each.value.kms_key
  queue                   = each.value.queue
  function                = each.value.function
  log_retention_days      = each.value.log_retention_days
  event_source_mapping    = each.value.event_source_mapping
  stream_count            = each.value.stream_count
  bucket_kms_key          = each.value.bucket_kms_key
  bucket_force_destroy    = each.value.bucket_force_destroy
  create_subscription     = each.value.create_subscription
  filter_policy           = each.value.filter_policy
  filter_policy_scope     = each.value.filter_policy_scope
  dead_letter_queue       = each.value.dead_letter_queue
  max_message_bytes       = each.value.max_message_bytes
  undelivered_queue       = each.value.undelivered_queue
  replace_stores          = each.value.replace_stores
  log_level               = each.value.log_level
  tracing                 = each.value.tracing
  dashboard               = each.value.dashboard
  function_vpc            = each.value.function_vpc
  redact                  = each.value.redact
  event_type_attribute    = each.value.event_type_attribute
  environment_variables   = each.value.environment_variables
  index_name              = each.value.index_name
  index_rotation_period   = each.value.index_rotation_period
  document_id             = each.value.document_id
  retry_duration_seconds  = each.value.retry_duration_seconds
  buffering               = each.value.buffering
  transformation_function = each.value.transformation_function
  domain                  = each.value.domain
  new_domain              = each.value.new_domain
  vpc                     = each.value.vpc
  index_management        = each.value.index_management
  s3_backup_mode          = each.value.s3_backup_mode
  prefix                  = each.value.prefix
  compression             = each.value.compression
  bucket                  = each.value.bucket
  lifecycle_rules         = each.value.lifecycle_rules
  alarms                  = each.value.alarms

  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn
  log_kms_key          = var.log_kms_key
  roles                = var.roles
  tags                 = merge(var.tags, each.value.tags)
}

module "replays" {
  source   = "./modules/replay"
  for_each = var.replays

  name      = each.key
  topic_arn = var.topic_arn

  create_subscription   = each.value.create_subscription
  filter_policy         = each.value.filter_policy
  filter_policy_scope   = each.value.filter_policy_scope
  dead_letter_queue     = each.value.dead_letter_queue
  max_message_bytes     = each.value.max_message_bytes
  undelivered_queue     = each.value.undelivered_queue
  replace_stores        = each.value.replace_stores
  log_level             = each.value.log_level
  tracing               = each.value.tracing
  dashboard             = each.value.dashboard
  function_vpc          = each.value.function_vpc
  raw_message_delivery  = each.value.raw_message_delivery
  retention_seconds     = each.value.retention_seconds
  kms_key               = each.value.kms_key
  queue                 = each.value.queue
  function              = each.value.function
  environment_variables = each.value.environment_variables
  log_retention_days    = each.value.log_retention_days
  enabled               = each.value.enabled
  event_source_mapping  = each.value.event_source_mapping
  destination_queue     = each.value.destination_queue
  replay_id             = each.value.replay_id
  archive               = each.value.archive
  targets               = each.value.targets
  archive_worker        = each.value.archive_worker
  alarms                = each.value.alarms

  lambda_package       = var.lambda_package
  powertools_layer_arn = var.powertools_layer_arn
  log_kms_key          = var.log_kms_key
  roles                = var.roles
  tags                 = merge(var.tags, each.value.tags)
}

module "dashboard" {
  source = "./modules/dashboard"
  count  = var.dashboard ? 1 : 0

  # Dashboards are global in an account, and no fork's ends so.
  name      = "${replace(join("-", [for part in [5, 3] : split(":", var.topic_arn)[part]]), ".", "-")}-event-forks"
  topic_arn = var.topic_arn
  forks = merge(
    { for name, fork in module.storage_backups : name => {
      queue_arn              = fork.queue_arn
      dead_letter_queue_name = fork.dead_letter_queue_name
      function_name          = fork.function_name
      streams                = { names = fork.delivery_stream_names, destination = "S3" }
    } if var.storage_backups[name].ingest == "queue" },
    { for name, fork in module.search_analytics : name => {
      queue_arn              = fork.queue_arn
      dead_letter_queue_name = fork.dead_letter_queue_name
      function_name          = fork.function_name
      streams                = { names = fork.delivery_stream_names, destination = "AmazonOpenSearchService" }
    } },
    { for name, fork in module.replays : name => {
      queue_arn              = fork.queue_arn
      dead_letter_queue_name = fork.dead_letter_queue_name
      function_name          = fork.function_name
      streams                = null
    } },
  )
}
