"""Planned resources as CloudFormation writes them: the form that AWS publishes its resource schemas in.

A resource of Terraform that is a part of one of CloudFormation (the lifecycle rules of a bucket) becomes a resource
with that part alone. Every attribute with a value has an entry here, None where CloudFormation has none; one without an
entry is an error, so that no new argument of a module passes the judges unseen.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.planning import Resource

Properties = dict[str, Any]


class UntranslatedError(Exception):
    """A type or an attribute that has no translation yet."""


@dataclass(frozen=True)
class Block:
    """A nested block, or an object: at most one, or with `many` a list."""

    name: str
    attributes: "Attributes"
    many: bool = False


@dataclass(frozen=True)
class Value:
    """An attribute whose value is written in another way."""

    name: str
    convert: Callable[[Any], Any]


Attributes = Mapping[str, "str | Block | Value | None"]
"""Attribute of Terraform -> property; a name with periods is deeper, None is not a property."""


@dataclass(frozen=True)
class Translation:
    """A resource type of Terraform in CloudFormation's words."""

    type: str
    attributes: Attributes
    constant: Properties = field(default_factory=dict)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _dimensions(dimensions: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]


def _alone(value: Any) -> list[Any]:
    return [value]


def _not_zero(number: int) -> int | None:
    """Terraform's plan of an existing resource says 0 where nothing was given."""
    return number or None


_TAGS = {"tags": Value("Tags", _tags), "tags_all": None}
_KEPT = {"id": None, "arn": None, "region": None, "timeouts": None}
"""Attributes that many types have and that AWS computes, or that are Terraform's own."""

_LOGGING = Block(
    "CloudWatchLoggingOptions",
    {"enabled": "Enabled", "log_group_name": "LogGroupName", "log_stream_name": "LogStreamName"},
)
_PROCESSING = Block(
    "ProcessingConfiguration",
    {
        "enabled": "Enabled",
        "processors": Block(
            "Processors",
            {
                "type": "Type",
                "parameters": Block(
                    "Parameters", {"parameter_name": "ParameterName", "parameter_value": "ParameterValue"}, many=True
                ),
            },
            many=True,
        ),
    },
)
_S3_DESTINATION: Attributes = {
    "bucket_arn": "BucketARN",
    "buffering_interval": "BufferingHints.IntervalInSeconds",
    "buffering_size": "BufferingHints.SizeInMBs",
    "cloudwatch_logging_options": _LOGGING,
    "compression_format": "CompressionFormat",
    "error_output_prefix": "ErrorOutputPrefix",
    "kms_key_arn": "EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN",
    "prefix": "Prefix",
    "role_arn": "RoleARN",
}
_COLUMN: Attributes = {"name": "Name", "type": "Type", "comment": "Comment", "parameters": "Parameters"}
_NODES: Attributes = {
    "instance_type": "InstanceType",
    "instance_count": "InstanceCount",
    "dedicated_master_enabled": "DedicatedMasterEnabled",
    "dedicated_master_type": "DedicatedMasterType",
    "dedicated_master_count": "DedicatedMasterCount",
    "multi_az_with_standby_enabled": "MultiAZWithStandbyEnabled",
    "warm_enabled": "WarmEnabled",
    "warm_count": "WarmCount",
    "warm_type": "WarmType",
    "zone_awareness_enabled": "ZoneAwarenessEnabled",
    "zone_awareness_config": Block("ZoneAwarenessConfig", {"availability_zone_count": "AvailabilityZoneCount"}),
}

TRANSLATIONS: dict[str, Translation] = {
    "aws_athena_named_query": Translation(
        "AWS::Athena::NamedQuery",
        {
            "name": "Name",
            "description": "Description",
            "database": "Database",
            "workgroup": "WorkGroup",
            "query": "QueryString",
        },
    ),
    "aws_athena_workgroup": Translation(
        "AWS::Athena::WorkGroup",
        {
            "name": "Name",
            "description": "Description",
            "force_destroy": "RecursiveDeleteOption",
            "state": "State",
            "configuration": Block(
                "WorkGroupConfiguration",
                {
                    "bytes_scanned_cutoff_per_query": Value("BytesScannedCutoffPerQuery", _not_zero),
                    "enforce_workgroup_configuration": "EnforceWorkGroupConfiguration",
                    "execution_role": "ExecutionRole",
                    "engine_version": Block("EngineVersion", {"selected_engine_version": "SelectedEngineVersion"}),
                    "publish_cloudwatch_metrics_enabled": "PublishCloudWatchMetricsEnabled",
                    "requester_pays_enabled": "RequesterPaysEnabled",
                    "result_configuration": Block(
                        "ResultConfiguration",
                        {
                            "output_location": "OutputLocation",
                            "expected_bucket_owner": "ExpectedBucketOwner",
                            "encryption_configuration": Block(
                                "EncryptionConfiguration",
                                {"encryption_option": "EncryptionOption", "kms_key_arn": "KmsKey"},
                            ),
                        },
                    ),
                },
            ),
            **_TAGS,
        },
    ),
    "aws_cloudwatch_log_group": Translation(
        "AWS::Logs::LogGroup",
        {
            "name": "LogGroupName",
            "name_prefix": None,
            "retention_in_days": Value("RetentionInDays", _not_zero),  # 0 = for ever
            "kms_key_id": "KmsKeyId",
            "log_group_class": "LogGroupClass",
            "skip_destroy": None,
            **_TAGS,
        },
    ),
    "aws_cloudwatch_log_resource_policy": Translation(
        "AWS::Logs::ResourcePolicy", {"policy_name": "PolicyName", "policy_document": "PolicyDocument"}
    ),
    "aws_cloudwatch_log_stream": Translation(
        "AWS::Logs::LogStream", {"name": "LogStreamName", "log_group_name": "LogGroupName"}
    ),
    "aws_cloudwatch_metric_alarm": Translation(
        "AWS::CloudWatch::Alarm",
        {
            "alarm_name": "AlarmName",
            "alarm_description": "AlarmDescription",
            "actions_enabled": "ActionsEnabled",
            "alarm_actions": "AlarmActions",
            "ok_actions": "OKActions",
            "insufficient_data_actions": "InsufficientDataActions",
            "comparison_operator": "ComparisonOperator",
            "datapoints_to_alarm": "DatapointsToAlarm",
            "dimensions": Value("Dimensions", _dimensions),
            "evaluate_low_sample_count_percentiles": "EvaluateLowSampleCountPercentile",
            "evaluation_periods": "EvaluationPeriods",
            "extended_statistic": "ExtendedStatistic",
            "metric_name": "MetricName",
            "namespace": "Namespace",
            "period": "Period",
            "statistic": "Statistic",
            "threshold": "Threshold",
            "treat_missing_data": "TreatMissingData",
            "unit": "Unit",
            "metric_query": Block(
                "Metrics",
                {
                    "id": "Id",
                    "expression": "Expression",
                    "label": "Label",
                    "return_data": "ReturnData",
                    "period": "Period",
                    "account_id": "AccountId",
                    "metric": Block(
                        "MetricStat",
                        {
                            "metric_name": "Metric.MetricName",
                            "namespace": "Metric.Namespace",
                            "dimensions": Value("Metric.Dimensions", _dimensions),
                            "period": "Period",
                            "stat": "Stat",
                            "unit": "Unit",
                        },
                    ),
                },
                many=True,
            ),
            **_TAGS,
        },
    ),
    "aws_glue_catalog_database": Translation(
        "AWS::Glue::Database",
        {
            "name": "DatabaseInput.Name",
            "description": "DatabaseInput.Description",
            "location_uri": "DatabaseInput.LocationUri",
            "parameters": "DatabaseInput.Parameters",
            "catalog_id": "CatalogId",
            "create_table_default_permission": None,
            **_TAGS,
            "tags": None,  # CloudFormation has none for it
        },
        {"CatalogId": "123456789012"},
    ),
    "aws_glue_catalog_table": Translation(
        "AWS::Glue::Table",
        {
            "catalog_id": "CatalogId",
            "database_name": "DatabaseName",
            "name": "TableInput.Name",
            "description": "TableInput.Description",
            "owner": "TableInput.Owner",
            "parameters": "TableInput.Parameters",
            "table_type": "TableInput.TableType",
            "retention": "TableInput.Retention",
            "partition_keys": Block("TableInput.PartitionKeys", _COLUMN, many=True),
            "partition_index": None,
            "storage_descriptor": Block(
                "TableInput.StorageDescriptor",
                {
                    "columns": Block("Columns", _COLUMN, many=True),
                    "bucket_columns": "BucketColumns",
                    "compressed": "Compressed",
                    "input_format": "InputFormat",
                    "output_format": "OutputFormat",
                    "location": "Location",
                    "number_of_buckets": "NumberOfBuckets",
                    "parameters": "Parameters",
                    "stored_as_sub_directories": "StoredAsSubDirectories",
                    "ser_de_info": Block(
                        "SerdeInfo",
                        {"name": "Name", "parameters": "Parameters", "serialization_library": "SerializationLibrary"},
                    ),
                },
            ),
        },
        {"CatalogId": "123456789012"},
    ),
    "aws_iam_role": Translation(
        "AWS::IAM::Role",
        {
            "name": "RoleName",
            "name_prefix": None,
            "description": "Description",
            "path": "Path",
            "permissions_boundary": "PermissionsBoundary",
            "assume_role_policy": Value("AssumeRolePolicyDocument", json.loads),
            "max_session_duration": "MaxSessionDuration",
            "force_detach_policies": None,
            "unique_id": None,
            "inline_policy": None,
            "managed_policy_arns": None,
            **_TAGS,
        },
    ),
    "aws_iam_role_policy": Translation(
        "AWS::IAM::RolePolicy",
        {
            "name": "PolicyName",
            "name_prefix": None,
            "role": "RoleName",
            "policy": Value("PolicyDocument", json.loads),
        },
    ),
    "aws_kinesis_firehose_delivery_stream": Translation(
        "AWS::KinesisFirehose::DeliveryStream",
        {
            "name": "DeliveryStreamName",
            "destination": None,  # said by which configuration there is
            "destination_id": None,
            "version_id": None,
            "server_side_encryption": Block(
                "DeliveryStreamEncryptionConfigurationInput",
                {"enabled": None, "key_type": "KeyType", "key_arn": "KeyARN"},
            ),
            "extended_s3_configuration": Block(
                "ExtendedS3DestinationConfiguration",
                {
                    **_S3_DESTINATION,
                    "custom_time_zone": "CustomTimeZone",
                    "file_extension": "FileExtension",
                    "s3_backup_mode": "S3BackupMode",
                    "processing_configuration": _PROCESSING,
                    "dynamic_partitioning_configuration": Block(
                        "DynamicPartitioningConfiguration",
                        {"enabled": "Enabled", "retry_duration": "RetryOptions.DurationInSeconds"},
                    ),
                    "data_format_conversion_configuration": Block(
                        "DataFormatConversionConfiguration",
                        {
                            "enabled": "Enabled",
                            "input_format_configuration": Block(
                                "InputFormatConfiguration",
                                {
                                    "deserializer": Block(
                                        "Deserializer",
                                        {
                                            "open_x_json_ser_de": Block(
                                                "OpenXJsonSerDe",
                                                {
                                                    "case_insensitive": "CaseInsensitive",
                                                    "column_to_json_key_mappings": "ColumnToJsonKeyMappings",
                                                    "convert_dots_in_json_keys_to_underscores": (
                                                        "ConvertDotsInJsonKeysToUnderscores"
                                                    ),
                                                },
                                            )
                                        },
                                    )
                                },
                            ),
                            "output_format_configuration": Block(
                                "OutputFormatConfiguration",
                                {
                                    "serializer": Block(
                                        "Serializer",
                                        {
                                            "parquet_ser_de": Block(
                                                "ParquetSerDe",
                                                {
                                                    "block_size_bytes": "BlockSizeBytes",
                                                    "compression": "Compression",
                                                    "enable_dictionary_compression": "EnableDictionaryCompression",
                                                    "max_padding_bytes": "MaxPaddingBytes",
                                                    "page_size_bytes": "PageSizeBytes",
                                                    "writer_version": "WriterVersion",
                                                },
                                            )
                                        },
                                    )
                                },
                            ),
                            "schema_configuration": Block(
                                "SchemaConfiguration",
                                {
                                    "catalog_id": "CatalogId",
                                    "database_name": "DatabaseName",
                                    "table_name": "TableName",
                                    "role_arn": "RoleARN",
                                    "region": "Region",
                                    "version_id": "VersionId",
                                },
                            ),
                        },
                    ),
                },
            ),
            "opensearch_configuration": Block(
                "AmazonopensearchserviceDestinationConfiguration",
                {
                    "buffering_interval": "BufferingHints.IntervalInSeconds",
                    "buffering_size": "BufferingHints.SizeInMBs",
                    "cloudwatch_logging_options": _LOGGING,
                    "cluster_endpoint": "ClusterEndpoint",
                    "document_id_options": Block(
                        "DocumentIdOptions", {"default_document_id_format": "DefaultDocumentIdFormat"}
                    ),
                    "domain_arn": "DomainARN",
                    "index_name": "IndexName",
                    "index_rotation_period": "IndexRotationPeriod",
                    "processing_configuration": _PROCESSING,
                    "retry_duration": "RetryOptions.DurationInSeconds",
                    "role_arn": "RoleARN",
                    "s3_backup_mode": "S3BackupMode",
                    "s3_configuration": Block("S3Configuration", _S3_DESTINATION),
                    "type_name": "TypeName",
                    "vpc_config": Block(
                        "VpcConfiguration",
                        {
                            "role_arn": "RoleARN",
                            "security_group_ids": "SecurityGroupIds",
                            "subnet_ids": "SubnetIds",
                            "vpc_id": None,
                        },
                    ),
                },
            ),
            **_TAGS,
        },
    ),
    "aws_lambda_event_source_mapping": Translation(
        "AWS::Lambda::EventSourceMapping",
        {
            "batch_size": "BatchSize",
            "enabled": "Enabled",
            "event_source_arn": "EventSourceArn",
            "filter_criteria": Block("FilterCriteria", {"filter": Block("Filters", {"pattern": "Pattern"}, many=True)}),
            "function_arn": None,
            "function_name": "FunctionName",
            "function_response_types": "FunctionResponseTypes",
            "kms_key_arn": "KmsKeyArn",
            "maximum_batching_window_in_seconds": "MaximumBatchingWindowInSeconds",
            "provisioned_poller_config": Block(
                "ProvisionedPollerConfig", {"minimum_pollers": "MinimumPollers", "maximum_pollers": "MaximumPollers"}
            ),
            "scaling_config": Block("ScalingConfig", {"maximum_concurrency": "MaximumConcurrency"}),
            "uuid": None,
            **_TAGS,
        },
    ),
    "aws_lambda_function": Translation(
        "AWS::Lambda::Function",
        {
            "architectures": "Architectures",
            "code_signing_config_arn": "CodeSigningConfigArn",
            "description": "Description",
            "environment": Block("Environment", {"variables": "Variables"}),
            "ephemeral_storage": Block("EphemeralStorage", {"size": "Size"}),
            "filename": Value("Code.S3Key", lambda name: "uploaded.zip"),
            "function_name": "FunctionName",
            "handler": "Handler",
            "invoke_arn": None,
            "kms_key_arn": "KmsKeyArn",
            "last_modified": None,
            "layers": "Layers",
            "logging_config": Block(
                "LoggingConfig",
                {
                    "application_log_level": "ApplicationLogLevel",
                    "log_format": "LogFormat",
                    "log_group": "LogGroup",
                    "system_log_level": "SystemLogLevel",
                },
            ),
            "memory_size": "MemorySize",
            "package_type": "PackageType",
            "publish": None,
            "qualified_arn": None,
            "qualified_invoke_arn": None,
            "reserved_concurrent_executions": Value(
                "ReservedConcurrentExecutions", lambda number: number if number >= 0 else None
            ),
            "role": "Role",
            "runtime": "Runtime",
            "s3_bucket": "Code.S3Bucket",
            "s3_key": "Code.S3Key",
            "s3_object_version": "Code.S3ObjectVersion",
            "skip_destroy": None,
            "source_code_hash": None,
            "source_code_size": None,
            "code_sha256": None,
            "signing_job_arn": None,
            "signing_profile_version_arn": None,
            "timeout": "Timeout",
            "tracing_config": Block("TracingConfig", {"mode": "Mode"}),
            "version": None,
            "vpc_config": Block(
                "VpcConfig",
                {
                    "security_group_ids": "SecurityGroupIds",
                    "subnet_ids": "SubnetIds",
                    "ipv6_allowed_for_dual_stack": "Ipv6AllowedForDualStack",
                    "vpc_id": None,
                },
            ),
            **_TAGS,
        },
        {"Code": {"S3Bucket": "uploaded"}},
    ),
    "aws_opensearch_domain": Translation(
        "AWS::OpenSearchService::Domain",
        {
            "access_policies": Value("AccessPolicies", json.loads),
            "advanced_options": "AdvancedOptions",
            "advanced_security_options": Block(
                "AdvancedSecurityOptions",
                {
                    "anonymous_auth_enabled": "AnonymousAuthEnabled",
                    "enabled": "Enabled",
                    "internal_user_database_enabled": "InternalUserDatabaseEnabled",
                    "master_user_options": Block("MasterUserOptions", {"master_user_arn": "MasterUserARN"}),
                },
            ),
            "cluster_config": Block("ClusterConfig", _NODES),
            "dashboard_endpoint": None,
            "dashboard_endpoint_v2": None,
            "domain_endpoint_options": Block(
                "DomainEndpointOptions",
                {
                    "enforce_https": "EnforceHTTPS",
                    "tls_security_policy": "TLSSecurityPolicy",
                    "custom_endpoint_enabled": "CustomEndpointEnabled",
                },
            ),
            "domain_id": None,
            "domain_name": "DomainName",
            "ebs_options": Block(
                "EBSOptions",
                {
                    "ebs_enabled": "EBSEnabled",
                    "iops": "Iops",
                    "throughput": "Throughput",
                    "volume_size": "VolumeSize",
                    "volume_type": "VolumeType",
                },
            ),
            "encrypt_at_rest": Block("EncryptionAtRestOptions", {"enabled": "Enabled", "kms_key_id": "KmsKeyId"}),
            "endpoint": None,
            "engine_version": "EngineVersion",
            "ip_address_type": "IPAddressType",
            "log_publishing_options": Block(
                "LogPublishingOptions",
                {
                    "cloudwatch_log_group_arn": "CloudWatchLogsLogGroupArn",
                    "enabled": "Enabled",
                    "log_type": None,
                },
                many=True,
            ),
            "node_to_node_encryption": Block("NodeToNodeEncryptionOptions", {"enabled": "Enabled"}),
            "software_update_options": Block(
                "SoftwareUpdateOptions", {"auto_software_update_enabled": "AutoSoftwareUpdateEnabled"}
            ),
            "vpc_options": Block(
                "VPCOptions",
                {
                    "security_group_ids": "SecurityGroupIds",
                    "subnet_ids": "SubnetIds",
                    "availability_zones": None,
                    "vpc_id": None,
                },
            ),
            **_TAGS,
        },
    ),
    "aws_s3_bucket": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": "BucketName",
            "bucket_prefix": None,
            "bucket_domain_name": None,
            "bucket_regional_domain_name": None,
            "force_destroy": None,
            "object_lock_enabled": "ObjectLockEnabled",
            **_TAGS,
        },
    ),
    "aws_s3_bucket_lifecycle_configuration": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": None,
            "expected_bucket_owner": None,
            "transition_default_minimum_object_size": "LifecycleConfiguration.TransitionDefaultMinimumObjectSize",
            "rule": Block(
                "LifecycleConfiguration.Rules",
                {
                    "id": "Id",
                    "status": "Status",
                    "prefix": "Prefix",
                    "filter": Block("Filter", {"prefix": None}),  # see _lifecycle
                    "abort_incomplete_multipart_upload": Block(
                        "AbortIncompleteMultipartUpload", {"days_after_initiation": "DaysAfterInitiation"}
                    ),
                    "expiration": Block(
                        "Expiration", {"days": "Days", "expired_object_delete_marker": "ExpiredObjectDeleteMarker"}
                    ),
                    "noncurrent_version_expiration": Block(
                        "NoncurrentVersionExpiration",
                        {"noncurrent_days": "NoncurrentDays", "newer_noncurrent_versions": "NewerNoncurrentVersions"},
                    ),
                    "transition": Block(
                        "Transitions", {"days": "TransitionInDays", "storage_class": "StorageClass"}, many=True
                    ),
                },
                many=True,
            ),
        },
    ),
    "aws_s3_bucket_logging": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": None,
            "target_bucket": "LoggingConfiguration.DestinationBucketName",
            "target_prefix": "LoggingConfiguration.LogFilePrefix",
        },
    ),
    "aws_s3_bucket_ownership_controls": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": None,
            "rule": Block("OwnershipControls.Rules", {"object_ownership": "ObjectOwnership"}, many=True),
        },
    ),
    "aws_s3_bucket_policy": Translation(
        "AWS::S3::BucketPolicy", {"bucket": "Bucket", "policy": Value("PolicyDocument", json.loads)}
    ),
    "aws_s3_bucket_public_access_block": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": None,
            "block_public_acls": "PublicAccessBlockConfiguration.BlockPublicAcls",
            "block_public_policy": "PublicAccessBlockConfiguration.BlockPublicPolicy",
            "ignore_public_acls": "PublicAccessBlockConfiguration.IgnorePublicAcls",
            "restrict_public_buckets": "PublicAccessBlockConfiguration.RestrictPublicBuckets",
            "skip_destroy": None,
        },
    ),
    "aws_s3_bucket_server_side_encryption_configuration": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": None,
            "expected_bucket_owner": None,
            "rule": Block(
                "BucketEncryption.ServerSideEncryptionConfiguration",
                {
                    "bucket_key_enabled": "BucketKeyEnabled",
                    "apply_server_side_encryption_by_default": Block(
                        "ServerSideEncryptionByDefault",
                        {"sse_algorithm": "SSEAlgorithm", "kms_master_key_id": "KMSMasterKeyID"},
                    ),
                },
                many=True,
            ),
        },
    ),
    "aws_s3_bucket_versioning": Translation(
        "AWS::S3::Bucket",
        {
            "bucket": None,
            "expected_bucket_owner": None,
            "mfa": None,
            "versioning_configuration": Block("VersioningConfiguration", {"status": "Status", "mfa_delete": None}),
        },
    ),
    "aws_sfn_state_machine": Translation(
        "AWS::StepFunctions::StateMachine",
        {
            "name": "StateMachineName",
            "name_prefix": None,
            "type": "StateMachineType",
            "role_arn": "RoleArn",
            "definition": Value("Definition", json.loads),
            "encryption_configuration": Block(
                "EncryptionConfiguration",
                {
                    "type": "Type",
                    "kms_key_id": "KmsKeyId",
                    "kms_data_key_reuse_period_seconds": "KmsDataKeyReusePeriodSeconds",
                },
            ),
            "logging_configuration": Block(
                "LoggingConfiguration",
                {
                    "include_execution_data": "IncludeExecutionData",
                    "level": "Level",
                    "log_destination": Value(
                        "Destinations", lambda arn: [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn}}]
                    ),
                },
            ),
            "tracing_configuration": Block("TracingConfiguration", {"enabled": "Enabled"}),
            "creation_date": None,
            "description": None,
            "publish": None,
            "revision_id": None,
            "state_machine_version_arn": None,
            "status": None,
            "version_description": None,
            **_TAGS,
        },
    ),
    "aws_sns_topic": Translation(
        "AWS::SNS::Topic",
        {
            "name": "TopicName",
            "name_prefix": None,
            "display_name": "DisplayName",
            "kms_master_key_id": "KmsMasterKeyId",
            "fifo_topic": "FifoTopic",
            "content_based_deduplication": "ContentBasedDeduplication",
            "fifo_throughput_scope": "FifoThroughputScope",
            "signature_version": "SignatureVersion",
            "tracing_config": "TracingConfig",
            "policy": None,  # given by AWS::SNS::TopicPolicy; judged as a policy
            "owner": None,
            **{
                f"{service}_success_feedback_sample_rate": None
                for service in ("application", "firehose", "http", "lambda", "sqs")
            },
            **_TAGS,
        },
    ),
    "aws_sns_topic_subscription": Translation(
        "AWS::SNS::Subscription",
        {
            "topic_arn": "TopicArn",
            "protocol": "Protocol",
            "endpoint": "Endpoint",
            "raw_message_delivery": "RawMessageDelivery",
            "filter_policy": Value("FilterPolicy", json.loads),
            "filter_policy_scope": "FilterPolicyScope",
            "redrive_policy": Value("RedrivePolicy", json.loads),
            "subscription_role_arn": "SubscriptionRoleArn",
            "confirmation_timeout_in_minutes": None,
            "confirmation_was_authenticated": None,
            "endpoint_auto_confirms": None,
            "owner_id": None,
            "pending_confirmation": None,
        },
    ),
    "aws_sqs_queue": Translation(
        "AWS::SQS::Queue",
        {
            "name": "QueueName",
            "name_prefix": None,
            "content_based_deduplication": Value("ContentBasedDeduplication", lambda on: on or None),
            "deduplication_scope": "DeduplicationScope",
            "delay_seconds": "DelaySeconds",
            "fifo_queue": Value("FifoQueue", lambda on: on or None),  # a standard queue must not say so
            "fifo_throughput_limit": "FifoThroughputLimit",
            "kms_data_key_reuse_period_seconds": Value("KmsDataKeyReusePeriodSeconds", _not_zero),
            "kms_master_key_id": "KmsMasterKeyId",
            "max_message_size": "MaximumMessageSize",
            "message_retention_seconds": "MessageRetentionPeriod",
            "policy": None,  # given by AWS::SQS::QueuePolicy; see parts()
            "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
            "redrive_allow_policy": Value("RedriveAllowPolicy", json.loads),
            "redrive_policy": Value("RedrivePolicy", json.loads),
            "sqs_managed_sse_enabled": "SqsManagedSseEnabled",
            "url": None,
            "visibility_timeout_seconds": "VisibilityTimeout",
            **_TAGS,
        },
    ),
    "aws_sqs_queue_policy": Translation(
        "AWS::SQS::QueuePolicy",
        {"queue_url": Value("Queues", _alone), "policy": Value("PolicyDocument", json.loads)},
    ),
    "aws_ssm_parameter": Translation(
        "AWS::SSM::Parameter",
        {
            "name": "Name",
            "description": "Description",
            "type": "Type",
            "tier": "Tier",
            "value": "Value",
            "insecure_value": None,
            "allowed_pattern": "AllowedPattern",
            "data_type": "DataType",
            "has_value_wo": None,
            "overwrite": None,
            "key_id": None,
            "version": None,
            "tags": "Tags",
            "tags_all": None,
        },
    ),
    "aws_dynamodb_table": Translation(
        "AWS::DynamoDB::Table",
        {
            "name": "TableName",
            "billing_mode": "BillingMode",
            "hash_key": Value("KeySchema", lambda name: [{"AttributeName": name, "KeyType": "HASH"}]),
            "attribute": Block("AttributeDefinitions", {"name": "AttributeName", "type": "AttributeType"}, many=True),
            "point_in_time_recovery": Block(
                "PointInTimeRecoverySpecification",
                {
                    "enabled": "PointInTimeRecoveryEnabled",
                    "recovery_period_in_days": Value("RecoveryPeriodInDays", _not_zero),
                },
            ),
            "server_side_encryption": Block(
                "SSESpecification", {"enabled": "SSEEnabled", "kms_key_arn": "KMSMasterKeyId"}
            ),
            "ttl": Block(
                "TimeToLiveSpecification",
                {"enabled": "Enabled", "attribute_name": Value("AttributeName", lambda name: name or None)},
            ),
            "deletion_protection_enabled": "DeletionProtectionEnabled",
            "read_capacity": None,
            "write_capacity": None,
            "stream_enabled": None,
            "stream_arn": None,
            "stream_label": None,
            "stream_view_type": None,
            "table_class": "TableClass",
            "restore_date_time": None,
            **_TAGS,
        },
    ),
    "aws_kms_key": Translation(
        "AWS::KMS::Key",
        {
            "description": "Description",
            "policy": Value("KeyPolicy", json.loads),
            "enable_key_rotation": "EnableKeyRotation",
            "rotation_period_in_days": "RotationPeriodInDays",
            "deletion_window_in_days": "PendingWindowInDays",
            "is_enabled": "Enabled",
            "key_usage": "KeyUsage",
            "customer_master_key_spec": "KeySpec",
            "multi_region": "MultiRegion",
            "bypass_policy_lockout_safety_check": "BypassPolicyLockoutSafetyCheck",
            "key_id": None,
            **_TAGS,
        },
    ),
    "aws_kms_alias": Translation(
        "AWS::KMS::Alias",
        {"name": "AliasName", "target_key_id": "TargetKeyId", "name_prefix": None, "target_key_arn": None},
    ),
    "aws_lambda_permission": Translation(
        "AWS::Lambda::Permission",
        {
            "action": "Action",
            "function_name": "FunctionName",
            "principal": "Principal",
            "source_arn": "SourceArn",
            "source_account": "SourceAccount",
            "statement_id": None,
            "statement_id_prefix": None,
        },
    ),
}
_WHY_NOT_API = "the shop that examples/ecommerce publishes from; no module makes one"
NOT_TRANSLATED: dict[str, str] = {
    f"aws_api_gateway_{part}": _WHY_NOT_API
    for part in (
        "deployment",
        "gateway_response",
        "integration",
        "method",
        "method_settings",
        "model",
        "request_validator",
        "resource",
        "rest_api",
        "stage",
    )
} | {"terraform_data": "Terraform's own: nothing of it is sent to AWS"}
"""Types that are not looked at in CloudFormation's form, and why."""


def translated(resource: Resource) -> list[dict[str, Any]]:
    """The resource, and what it gives to resources of their own (the policy of a queue). Raises `UntranslatedError`."""
    if resource.type in NOT_TRANSLATED:
        return []
    if resource.type not in TRANSLATIONS:
        raise UntranslatedError(f"{resource.type} has no translation in tests/conformance/cloudformation.py")
    translation = TRANSLATIONS[resource.type]
    values = resource.values
    properties = _merged(_properties(values, translation.attributes, resource.type), translation.constant)
    _adjust(resource.type, values, properties)
    found = [{"Type": translation.type, "Properties": properties}]
    if resource.type == "aws_sqs_queue" and values.get("policy"):
        policy = {"Queues": [values.get("url")], "PolicyDocument": json.loads(values["policy"])}
        found.append({"Type": "AWS::SQS::QueuePolicy", "Properties": policy})
    return found


def _properties(values: Mapping[str, Any], attributes: Attributes, where: str) -> Properties:
    found: Properties = {}
    for name, value in values.items():
        if value is None or value == [] or value == {} or value == "":
            continue
        if name not in attributes:
            if name in _KEPT:
                continue
            raise UntranslatedError(
                f"{where}.{name} = {value!r} has no translation in tests/conformance/cloudformation.py"
            )
        target = attributes[name]
        if target is None:
            continue
        if isinstance(target, Block):
            blocks = [_properties(each, target.attributes, f"{where}.{name}") for each in _list(value)]
            _put(found, target.name, blocks if target.many else blocks[0])
        elif isinstance(target, Value):
            converted = target.convert(value)
            if converted is not None:
                _put(found, target.name, converted)
        else:
            _put(found, target, value)
    return found


def _list(value: Any) -> Iterator[Any]:
    return (each for each in (value if isinstance(value, list) else [value]) if each is not None)


def _put(properties: Properties, path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for name in outer:
        properties = properties.setdefault(name, {})
    properties[last] = value


def _merged(properties: Properties, constant: Properties) -> Properties:
    for name, value in constant.items():
        if isinstance(value, dict):
            properties[name] = {**value, **properties.get(name, {})}
        else:
            properties.setdefault(name, value)
    return properties


def _adjust(kind: str, values: Mapping[str, Any], properties: Properties) -> None:
    """What is written in another place in CloudFormation."""
    if kind == "aws_s3_bucket_lifecycle_configuration":
        for rule, block in zip(properties["LifecycleConfiguration"]["Rules"], values["rule"], strict=True):
            rule.pop("Filter", None)
            prefix = next((each.get("prefix") for each in block.get("filter") or [] if each), None)
            if prefix:
                rule["Prefix"] = prefix
            if days := rule.get("Expiration", {}).get("Days"):
                rule["ExpirationInDays"] = days
            if rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker"):
                rule["ExpiredObjectDeleteMarker"] = True
            rule.pop("Expiration", None)
    if kind == "aws_opensearch_domain" and isinstance(properties.get("LogPublishingOptions"), list):
        blocks = zip(values["log_publishing_options"], properties["LogPublishingOptions"], strict=True)
        properties["LogPublishingOptions"] = {block["log_type"]: option for block, option in blocks}
