"""The only thing that sends a configuration to the bench: a generated file next to the copied ones.

Terraform merges a file named *_override.tf into the blocks of the same name, so the tested configuration says
nothing about a bench. https://developer.hashicorp.com/terraform/language/files/override
"""

import re
from pathlib import Path

from testbench.endpoints import ACCESS_KEY, SECRET_KEY, Endpoints
from testbench.errors import BenchError

OVERRIDE = "bench_override.tf"
PROVIDER = "bench_provider.tf"

SERVICES = (  # noqa: SIM905 -- sixty quoted words read worse
    "accessanalyzer acm apigateway apigatewayv2 applicationautoscaling athena cloudformation cloudfront cloudtrail "
    "cloudwatch cognitoidentity cognitoidp configservice dynamodb ec2 ecr ecs elasticache elasticsearch events "
    "firehose glue iam kafka kinesis kms lakeformation lambda logs opensearch opensearchserverless organizations "
    "pipes ram rds redshift resourcegroups resourcegroupstaggingapi route53 s3 s3control scheduler schemas "
    "secretsmanager servicediscovery sesv2 sfn sns sqs ssm sts synthetics wafv2 xray"
).split()
"""Names in the provider's `endpoints` block. One that is missing would go to AWS itself and fail there on the keys."""

_PROVIDER_BLOCK = re.compile(r'^\s*provider\s+"aws"\s*\{', re.MULTILINE)
_ALIAS = re.compile(r'^\s*alias\s*=\s*"([^"]+)"', re.MULTILINE)


def write_override(folder: Path, endpoints: Endpoints) -> None:
    """Point every `provider "aws"` of the configuration in that folder at the bench."""
    aliases = _provider_aliases(folder)
    if aliases:
        (folder / OVERRIDE).write_text("\n".join(_provider(alias, endpoints) for alias in aliases))
    else:
        # nothing to override: Terraform demands a base block, so this is one
        (folder / PROVIDER).write_text(_provider("", endpoints))


def _provider_aliases(folder: Path) -> list[str]:
    """Alias of each `provider "aws"` block in the configuration, "" for the default one."""
    found = []
    for file in sorted(folder.glob("*.tf")):
        text = file.read_text()
        for block in _PROVIDER_BLOCK.finditer(text):
            alias = _ALIAS.search(_body(text, block.end(), file))
            found.append(alias.group(1) if alias else "")
    return found


def _body(text: str, start: int, file: Path) -> str:
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start:index]
    raise BenchError(f"{file} has a provider block that does not end")


def _provider(alias: str, endpoints: Endpoints) -> str:
    services = "\n".join(f'    {name:<24} = "{_endpoint(name, endpoints)}"' for name in SERVICES)
    named = f'  alias                       = "{alias}"\n' if alias else ""
    return f"""provider "aws" {{
{named}  region                      = "{endpoints.region}"
  access_key                  = "{ACCESS_KEY}"
  secret_key                  = "{SECRET_KEY}"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 3

  endpoints {{
{services}
  }}
}}
"""


def _endpoint(service: str, endpoints: Endpoints) -> str:
    return endpoints.firehose_url if service == "firehose" and endpoints.firehose_url else endpoints.aws_endpoint_url
