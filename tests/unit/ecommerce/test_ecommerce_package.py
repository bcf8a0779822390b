"""The committed zip of the example's functions is what their source says."""

import subprocess
import sys

from testbench.paths import PROJECT


def test_zip_and_manifest_are_built_from_the_source() -> None:
    example = PROJECT / "examples" / "ecommerce"
    checked = subprocess.run(
        [
            *(sys.executable, str(PROJECT / "lambdas" / "build.py"), "--check"),
            *("--source", str(example / "functions" / "checkout"), "--zip", str(example / "dist" / "checkout.zip")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
