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
_ROLES = re.compile(r"^\s*(assume_role(?:_with_web_identity)?)\s*\{", re.MULTILINE)
_LOCAL_STATE = """terraform {
  backend "local" {}
}
"""
"""In the place of any `backend` or `cloud` block: a test must not touch the state of what is in production."""


def write_override(folder: Path, endpoints: Endpoints) -> None:
    """Keep the state in that folder, and point every `provider "aws"` of the configuration in it at the bench."""
    providers = [_provider(body, endpoints) for body in _provider_bodies(folder)]
    (folder / OVERRIDE).write_text("\n".join([_LOCAL_STATE, *providers]))
    if not providers:
        # nothing to override: Terraform demands a base block, so this is one
        (folder / PROVIDER).write_text(_provider("", endpoints))


def _provider_bodies(folder: Path) -> list[str]:
    """What is in each `provider "aws"` block of the configuration."""
    found = []
    for file in sorted(folder.glob("*.tf")):
        text = file.read_text()
        found += [_body(text, block.end(), file) for block in _PROVIDER_BLOCK.finditer(text)]
    return found


def _body(text: str, start: int, file: Path) -> str:
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start:index]
    raise BenchError(f"{file} has a provider block that does not end")


def _provider(body: str, endpoints: Endpoints) -> str:
    """The block that overrides one with that body."""
    services = "\n".join(f'    {name:<24} = "{_endpoint(name, endpoints)}"' for name in SERVICES)
    alias = _ALIAS.search(body)
    named = f'  alias                       = "{alias[1]}"\n' if alias else ""
    roles = "".join(f"\n  {name} {{}}\n" for name in sorted(set(_ROLES.findall(body))))
    return f"""provider "aws" {{
{named}  region                      = "{endpoints.region}"
  access_key                  = "{ACCESS_KEY}"
  secret_key                  = "{SECRET_KEY}"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 3

  # what the configuration says of a real account
  profile                  = null
  shared_config_files      = null
  shared_credentials_files = null
  token                    = null
  allowed_account_ids      = null
  forbidden_account_ids    = null
  use_dualstack_endpoint   = null
  use_fips_endpoint        = null
{roles}
  endpoints {{
{services}
  }}
}}
"""


def _endpoint(service: str, endpoints: Endpoints) -> str:
    return endpoints.firehose_url if service == "firehose" and endpoints.firehose_url else endpoints.aws_endpoint_url
