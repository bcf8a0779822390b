# Made by `make docs` from the inputs and outputs of the modules: edit those.

output "storage_backups" {
  description = "Of each fork in `storage_backups`, by its name: the outputs of [modules/storage-backup](modules/storage-backup/README.md#outputs)."
  value = { for name, fork in module.storage_backups : name => {
    subscription_arn          = fork.subscription_arn
    queue_arn                 = fork.queue_arn
    queue_url                 = fork.queue_url
    queue_name                = fork.queue_name
    dead_letter_queue_arn     = fork.dead_letter_queue_arn
    dead_letter_queue_url     = fork.dead_letter_queue_url
    dead_letter_queue_name    = fork.dead_letter_queue_name
    function_arn              = fork.function_arn
    function_name             = fork.function_name
    function_role_arn         = fork.function_role_arn
    function_role_name        = fork.function_role_name
    layers                    = fork.layers
    log_group_name            = fork.log_group_name
    event_source_mapping_uuid = fork.event_source_mapping_uuid
    delivery_stream_name      = fork.delivery_stream_name
    delivery_stream_arn       = fork.delivery_stream_arn
    delivery_stream_names     = fork.delivery_stream_names
    delivery_role_arn         = fork.delivery_role_arn
    delivery_log_group_name   = fork.delivery_log_group_name
    bucket_name               = fork.bucket_name
    bucket_arn                = fork.bucket_arn
    glue_database_name        = fork.glue_database_name
    glue_table_name           = fork.glue_table_name
    athena_workgroup_name     = fork.athena_workgroup_name
    athena_named_query_ids    = fork.athena_named_query_ids
  } }
}

output "search_analytics" {
  description = "Of each fork in `search_analytics`, by its name: the outputs of [modules/search-analytics](modules/search-analytics/README.md#outputs)."
  value = { for name, fork in module.search_analytics : name => {
    subscription_arn          = fork.subscription_arn
    queue_arn                 = fork.queue_arn
    queue_url                 = fork.queue_url
    queue_name                = fork.queue_name
    dead_letter_queue_arn     = fork.dead_letter_queue_arn
    dead_letter_queue_url     = fork.dead_letter_queue_url
    dead_letter_queue_name    = fork.dead_letter_queue_name
    function_arn              = fork.function_arn
    function_name             = fork.function_name
    function_role_arn         = fork.function_role_arn
    function_role_name        = fork.function_role_name
    layers                    = fork.layers
    log_group_name            = fork.log_group_name
    event_source_mapping_uuid = fork.event_source_mapping_uuid
    delivery_stream_name      = fork.delivery_stream_name
    delivery_stream_arn       = fork.delivery_stream_arn
    delivery_stream_names     = fork.delivery_stream_names
    delivery_role_arn         = fork.delivery_role_arn
    delivery_log_group_name   = fork.delivery_log_group_name
    domain_arn                = fork.domain_arn
    domain_endpoint           = fork.domain_endpoint
    index_name                = fork.index_name
    index_alias               = fork.index_alias
    index_management_role_arn = fork.index_management_role_arn
    bucket_name               = fork.bucket_name
    bucket_arn                = fork.bucket_arn
  } }
}

output "replays" {
  description = "Of each fork in `replays`, by its name: the outputs of [modules/replay](modules/replay/README.md#outputs)."
  value = { for name, fork in module.replays : name => {
    subscription_arn               = fork.subscription_arn
    queue_arn                      = fork.queue_arn
    queue_url                      = fork.queue_url
    queue_name                     = fork.queue_name
    dead_letter_queue_arn          = fork.dead_letter_queue_arn
    dead_letter_queue_url          = fork.dead_letter_queue_url
    dead_letter_queue_name         = fork.dead_letter_queue_name
    function_arn                   = fork.function_arn
    function_name                  = fork.function_name
    function_role_arn              = fork.function_role_arn
    function_role_name             = fork.function_role_name
    layers                         = fork.layers
    log_group_name                 = fork.log_group_name
    event_source_mapping_uuid      = fork.event_source_mapping_uuid
    replay_window_parameter_name   = fork.replay_window_parameter_name
    archive_state_machine_arn      = fork.archive_state_machine_arn
    archive_parameter_name         = fork.archive_parameter_name
    archive_worker_role_arn        = fork.archive_worker_role_arn
    archive_governor_role_arn      = fork.archive_governor_role_arn
    archive_worker_function_name   = fork.archive_worker_function_name
    archive_governor_function_name = fork.archive_governor_function_name
  } }
}
