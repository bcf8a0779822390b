"""What the judges find and what stays: one line each, with the reason. An entry that covers nothing any more fails."""

from tests.conformance.findings import Accepted

ACCEPTED = [
    Accepted(
        "parliament",
        "RESOURCE_MISMATCH",
        r".*archive_replay\[0\]\.aws_iam_role_policy\.state_machine",
        "Its data takes DescribeExecution for a call on express executions alone; AWS's own example for a"
        " Distributed Map gives it on execution:<state machine>/<label>:*.",
        message="states:DescribeExecution.*express",
    ),
    Accepted(
        "parliament",
        "RESOURCE_STAR",
        r"aws_kms_key\.orders",
        "In a key policy * is the key itself.",
    ),
    Accepted(
        "botocore",
        "enum",
        r".*aws_opensearch_domain\.this\[0\]",
        "The model's list of instance types is older than what the service sells; cfn-lint's, by Region, has them.",
        message=r"ClusterConfig\.(DedicatedMaster|Instance)Type is 'm7g\.medium\.search'",
    ),
    Accepted(
        "parliament",
        "RESOURCE_STAR",
        r".*module\.delivery\.aws_iam_role_policy\.this",
        "Firehose in a VPC: AWS's own policy for it has * too, for interfaces have no names before they are made.",
        message="ec2:CreateNetworkInterface",
    ),
    Accepted(
        "parliament",
        "RESOURCE_STAR",
        r".*module\.(index_function|function|redaction).*\.aws_iam_role_policy\.this",
        "A function in a VPC: AWS's own policy for it has * too, for interfaces have no names before they are made.",
        message="ec2:CreateNetworkInterface",
    ),
    Accepted(
        "parliament",
        "UNKNOWN_CONDITION_FOR_ACTION",
        r".*module\.(index_function|function|redaction).*\.aws_iam_role_policy\.this",
        "AWS's page on functions in a VPC denies these calls to the function's code by this key, which Lambda sets for"
        " every call of the function's role.",
        message="lambda:SourceFunctionArn for action ec2:",
    ),
    Accepted(
        "cfn-lint",
        "E3601",
        r".*aws_sfn_state_machine\.this",
        "Its pattern of a task's resource knows the partition aws alone; these are the same in China and GovCloud.",
        message="'arn:aws-(cn|us-gov):states:::lambda:invoke' does not match",
    ),
    # trivy looks at each resource alone; docs/security.md gives the same reasons for the same things
    Accepted("trivy", "AWS-0001", ".*api_gateway_stage.*", "The shop of examples/ecommerce; no module makes an API."),
    Accepted(
        "trivy", "AWS-0006", ".*aws_athena_workgroup.*", "Results get the default encryption of the bucket, SSE-KMS."
    ),
    Accepted(
        "trivy",
        "AWS-0017",
        ".*aws_cloudwatch_log_group.*",
        "log_kms_key is an input; CloudWatch Logs encrypts without.",
    ),
    Accepted(
        "trivy", "AWS-0025", ".*aws_dynamodb_table.*", "Tables of the examples; DynamoDB encrypts with its own key."
    ),
    Accepted(
        "trivy",
        "AWS-0042",
        ".*aws_opensearch_domain.*",
        "Log publishing is off unless asked for: it needs a log policy.",
    ),
    Accepted(
        "trivy",
        "AWS-0066",
        ".*aws_lambda_function.*",
        "Traces of a busy function cost more than the rest of its fork: tracing is an input.",
    ),
    Accepted(
        "trivy",
        "AWS-0089",
        ".*aws_s3_bucket.*",
        "Access logs need a bucket of the caller's; a resource beside the module.",
    ),
    Accepted("trivy", "AWS-0132", ".*aws_s3_bucket.*", "SSE-KMS with the AWS managed key; bucket_kms_key is an input."),
    Accepted("trivy", "AWS-0136", ".*aws_sns_topic.*", "Topics of the examples, with the AWS managed key."),
]
