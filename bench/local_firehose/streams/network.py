"""The VPC of an OpenSearch stream: found from its subnets, or why network interfaces cannot be made there.

Source: notes 1.4 (failure types), 5 (VPC). The interfaces themselves do not exist here.
"""

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.streams.stream import Stream


class NetworkError(Exception):
    """Creation fails with ``failure_type`` of the API."""

    def __init__(self, failure_type: str, message: str) -> None:
        super().__init__(message)
        self.failure_type = failure_type
        self.message = message


async def vpc_id(aws: Aws, stream: Stream, subnets: list[str], security_groups: list[str]) -> str:
    """The VPC that the subnets and security groups are in; NetworkError when one is not there."""
    client = aws.client("ec2", stream.account, stream.region, stream.destination["VpcConfiguration"]["RoleARN"])
    try:
        found = (await aws.call(client.describe_subnets, SubnetIds=subnets))["Subnets"]
    except (ClientError, BotoCoreError) as error:
        raise NetworkError("SUBNET_NOT_FOUND", aws.trouble("ec2:DescribeSubnets", error)) from error
    vpcs = {subnet["VpcId"] for subnet in found}
    if len(found) != len(set(subnets)) or len(vpcs) != 1:
        raise NetworkError("SUBNET_NOT_FOUND", f"the subnets {subnets} are not all there in one VPC")
    try:
        groups = (await aws.call(client.describe_security_groups, GroupIds=security_groups))["SecurityGroups"]
    except (ClientError, BotoCoreError) as error:
        raise NetworkError("SECURITY_GROUP_NOT_FOUND", aws.trouble("ec2:DescribeSecurityGroups", error)) from error
    if {group["GroupId"] for group in groups} != set(security_groups):
        raise NetworkError("SECURITY_GROUP_NOT_FOUND", f"the security groups {security_groups} are not all there")
    return str(vpcs.pop())
