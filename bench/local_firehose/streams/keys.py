"""The KMS key of server-side encryption: usable or not, from kms:DescribeKey at the AWS endpoint."""

from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.clock import Clock
from local_firehose.shares import Places

_REMEMBERED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """Why a key cannot be used: KMS's exception, Firehose's failure type and metric."""

    code: str
    failure_type: str
    metric: str
    message: str


@dataclass(slots=True)
class Keys:
    """Looks keys up; an answer is remembered for a few seconds, as every PutRecord of an encrypted stream asks."""

    aws: Aws
    clock: Clock
    enabled: bool = True
    _asking: Places = field(default_factory=lambda: Places(1))  # when KMS hangs, each put would hold a thread
    _known: dict[str, tuple[float, KeyProblem | None]] = field(default_factory=dict)

    async def problem(self, account: str, region: str, key_arn: str, *, fresh: bool = False) -> KeyProblem | None:
        """Why the key cannot be used, or None."""
        if not self.enabled:
            return None
        asked = self.clock.elapsed()
        async with self._asking.of(key_arn):
            known = self._known.get(key_arn)
            if known and known[0] > asked - (0 if fresh else _REMEMBERED_SECONDS):
                return known[1]
            now = self.clock.elapsed()
            problem = await self._look(account, region, key_arn)
            self._known[key_arn] = (now, problem)
            return problem

    async def _look(self, account: str, region: str, key_arn: str) -> KeyProblem | None:
        client = self.aws.client("kms", account, region)
        try:
            metadata = (await self.aws.call(client.describe_key, KeyId=key_arn))["KeyMetadata"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NotFoundException":
                return KeyProblem(
                    "KMS.NotFoundException", "KMS_KEY_NOT_FOUND", "KMSKeyNotFound", f"Key '{key_arn}' does not exist"
                )
            return KeyProblem("KMS.AccessDeniedException", "KMS_ACCESS_DENIED", "KMSKeyAccessDenied", str(error))
        except BotoCoreError as error:
            trouble = self.aws.trouble("kms:DescribeKey", error)
            return KeyProblem("KMS.AccessDeniedException", "KMS_ACCESS_DENIED", "KMSKeyAccessDenied", trouble)
        if metadata.get("KeyState") == "Disabled":
            return KeyProblem("KMS.DisabledException", "DISABLED_KMS_KEY", "KMSKeyDisabled", f"{key_arn} is disabled.")
        if metadata.get("KeyState") != "Enabled":
            state = metadata.get("KeyState")
            return KeyProblem(
                "KMS.KMSInvalidStateException", "INVALID_KMS_KEY", "KMSKeyInvalidState", f"{key_arn} is {state}."
            )
        if metadata.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
            return KeyProblem(
                "KMS.KMSInvalidStateException", "INVALID_KMS_KEY", "KMSKeyInvalidState", f"{key_arn} is not symmetric."
            )
        return None
