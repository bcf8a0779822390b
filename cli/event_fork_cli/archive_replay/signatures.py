"""A plan signed with a key of KMS: a hash anybody can make again, a signature only who may use the key.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/asymmetric-key-specs.html
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from event_fork.replay_plan.plan import Plan, Signature
from event_fork_cli.errors import BadInputError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_HASH = "SHA_256"
_EXAMPLE = "alias/replays"


def sign(plan: Plan, key: str, kms: KMSClient) -> Plan:
    """The plan with a signature by the key (id, ARN or alias) over its hash. Raises BadInputError."""
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    algorithm = next((name for name in found.get("SigningAlgorithms", ()) if name.endswith(_HASH)), None)
    if algorithm is None:
        rule = f"must be an asymmetric key of KMS for signing, with an algorithm that ends in {_HASH}"
        raise BadInputError("--sign", rule, example=f"--sign {_EXAMPLE}", received=key)
    answer = kms.sign(KeyId=found["Arn"], Message=_signed(plan), MessageType="RAW", SigningAlgorithm=algorithm)
    return replace(plan, signature=Signature(found["Arn"], algorithm, base64.b64encode(answer["Signature"]).decode()))


def verify(plan: Plan, key: str | None, kms: KMSClient) -> None:
    """Raises RefusedError unless the plan is signed by that key (id, ARN or alias).

    `key` None: it need not be signed, but a signature that it has must be right.
    """
    signature = plan.signature
    if signature is None:
        if key is not None:
            raise RefusedError(f"the plan {plan.replay_id} is not signed, and --signed-by asks for {key}")
        return
    arn = signature.key if key is None else kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    if arn != signature.key:
        raise RefusedError(f"the plan {plan.replay_id} is signed by {signature.key}, and --signed-by asks for {arn}")
    try:
        answer = kms.verify(
            KeyId=arn,
            Message=_signed(plan),
            MessageType="RAW",
            Signature=base64.b64decode(signature.value, validate=True),
            SigningAlgorithm=signature.algorithm,  # type: ignore[arg-type]
        )
        is_valid = answer["SignatureValid"]
    except (kms.exceptions.KMSInvalidSignatureException, ValueError):  # no base64, or not even ASCII
        is_valid = False
    if not is_valid:
        raise RefusedError(f"the plan {plan.replay_id} is not what {arn} has signed")


def _signed(plan: Plan) -> bytes:
    return plan.sha256.encode()
