"""Installing what a bench needs: once, and with a reason of one line when it cannot be had."""

import sys
import threading
from pathlib import Path

import pytest

from testbench.errors import PrerequisiteError
from testbench.once import once
from testbench.pythons import pip_install


def test_without_a_package_index_the_error_is_one_line_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    wanted = tmp_path / "wanted.txt"
    wanted.write_text(f"no-such-package==1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PrerequisiteError) as refused:
        pip_install(Path(sys.executable), wanted)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(
        "cannot install wanted.txt (the first start needs PyPI, or the index that pip's settings name)"
    )
    assert "no-such-package" in line


@pytest.mark.parametrize("is_folder", [False, True])
def test_of_several_that_ask_at_the_same_time_one_makes_it(tmp_path: Path, is_folder: bool) -> None:
    target, made = tmp_path / "cache" / "entry", []

    def make() -> None:
        made.append(threading.current_thread().name)
        if is_folder:
            target.mkdir()
        else:
            target.write_text("whole")

    threads = [threading.Thread(target=once, args=(target, make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert target.exists()


def test_a_folder_that_was_not_made_to_the_end_is_made_again(tmp_path: Path) -> None:
    target = tmp_path / "entry"

    def cut_off() -> None:
        target.mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(target, cut_off)
    once(target, (target / "piece").touch)
    assert (target / "piece").exists()
