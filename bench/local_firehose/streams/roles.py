"""May Firehose assume the role? Looked up in IAM at the AWS endpoint, decided from the trust policy.

AWS assumes the role with ``sts:ExternalId`` = account id and ``aws:SourceArn`` = the stream (notes 1.5). No emulator
lets a service principal call AssumeRole, so the trust policy is read instead.
"""

import fnmatch
import json
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.api.errors import InvalidArgumentError
from local_firehose.aws import Aws

SERVICE = "firehose.amazonaws.com"


async def check_role(aws: Aws, account: str, region: str, role_arn: str, stream_arn: str) -> None:
    """InvalidArgumentException: in AWS's words when the role is not there or does not trust Firehose."""
    client = aws.client("iam", account, region)
    try:
        answer = await aws.call(client.get_role, RoleName=role_arn.rpartition("/")[2])
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchEntity":
            raise _refusal(role_arn) from error
        hint = "Without that, --no-role-check looks at no roles"
        raise InvalidArgumentError(f"{aws.trouble('iam:GetRole', error)}. {hint}") from error
    document: Any = answer["Role"]["AssumeRolePolicyDocument"]
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    if not trusts_firehose(policy, account=account, stream_arn=stream_arn):
        raise _refusal(role_arn)


def trusts_firehose(policy: dict[str, Any], *, account: str, stream_arn: str) -> bool:
    """Whether a trust policy lets Firehose assume the role for this stream; an explicit Deny wins."""
    context = {
        "sts:externalid": account,
        "aws:sourceaccount": account,
        "aws:sourcearn": stream_arn,
    }
    effects = {
        statement.get("Effect")
        for statement in _list(policy.get("Statement"))
        if _names_firehose(statement) and _allows_action(statement) and _holds(statement.get("Condition", {}), context)
    }
    return "Allow" in effects and "Deny" not in effects


def _refusal(role_arn: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"Firehose is unable to assume role {role_arn}. Please check the role provided.")


def _names_firehose(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    if principal == "*":
        return True
    services = _list(principal.get("Service")) + [one for one in _list(principal.get("AWS")) if one == "*"]
    return any(service in (SERVICE, "*") for service in services)


def _allows_action(statement: dict[str, Any]) -> bool:
    return any(fnmatch.fnmatchcase("sts:assumerole", str(a).lower()) for a in _list(statement.get("Action")))


def _holds(condition: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    for operator, tests in condition.items():
        name = operator.removesuffix("IfExists")
        for key, wanted in tests.items():
            value = context.get(key.lower())
            if value is None:
                if operator.endswith("IfExists"):
                    continue
                return False
            patterns = [str(one) for one in _list(wanted)]
            if name in ("StringEquals", "ArnEquals"):
                met = value in patterns or (
                    name == "ArnEquals" and any(fnmatch.fnmatchcase(value, p) for p in patterns)
                )
            elif name in ("StringLike", "ArnLike"):
                met = any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)
            else:
                met = False  # an operator this reader does not know does not let Firehose in
            if not met:
                return False
    return True


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
