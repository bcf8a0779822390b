"""The bench is a project of its own: nothing in it is about this product (imports: .importlinter)."""

import re
import subprocess

from testbench.paths import PROJECT

PRODUCT = re.compile(
    r"event[-_ ]?fork|storage[-_]backup|search[-_]analytics|archive[-_]replay|ecommerce|checkout(queue|function|table)",
    re.IGNORECASE,
)
_FORBIDS_THE_IMPORT = "bench/tests/firehose/test_firehose_standalone.py"


def test_no_file_of_the_bench_names_the_product_or_a_module_of_it() -> None:
    listed = subprocess.run(["git", "ls-files", "bench"], cwd=PROJECT, capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.splitlines() if name != _FORBIDS_THE_IMPORT]
    assert len(files) > 200
    found = {
        f"{name}: {named[0]}"
        for name in files
        if (named := PRODUCT.search((PROJECT / name).read_text(encoding="utf-8", errors="replace")))
    }
    assert found == set()
