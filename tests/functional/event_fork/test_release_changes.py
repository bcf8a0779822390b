"""`python lambdas/changes.py REV` names the functions that a release changes, and no others."""

import subprocess
from pathlib import Path

import pytest

import changes
from build import EVENT_FORK

BEFORE = {
    "shop/__init__.py": b"",
    "shop/place.py": b"from shop.prices.table import price\n\ndef handler(event, context): ...\n",
    "shop/cancel.py": b"import shop.orders\n\ndef handler(event, context): ...\n",
    "shop/refund.py": b"from .orders import find\n\nhandler = find\n",
    "shop/orders.py": b"from shop import errors\n",
    "shop/errors.py": b"",
    "shop/unused.py": b"",
    "shop/prices/__init__.py": b"",
    "shop/prices/table.py": b"from ..errors import NoPriceError\n",
}


def changed(**files: bytes | None) -> list[str]:
    after = {**BEFORE, **{f"shop/{name.replace('__', '/')}.py": text for name, text in files.items()}}
    found = changes.changed_handlers(BEFORE, {path: text for path, text in after.items() if text is not None})
    return [change.handler for change in found]


def test_a_file_changes_the_handlers_that_import_it_however_indirectly() -> None:
    assert changed() == []
    assert changed(unused=b"x = 1\n") == []
    assert changed(prices__table=b"x = 1\n") == ["shop.place.handler"]
    assert changed(orders=b"x = 1\n") == ["shop.cancel.handler", "shop.refund.handler"]
    assert changed(errors=b"x = 1\n") == ["shop.cancel.handler", "shop.place.handler", "shop.refund.handler"]


def test_the_init_file_of_every_package_on_the_way_counts() -> None:
    after = {**BEFORE, "shop/prices/__init__.py": b"x = 1\n"}
    assert changes.changed_handlers(BEFORE, after) == [
        changes.Change("shop.place.handler", ("shop/prices/__init__.py",))
    ]


def test_new_and_removed_handlers_are_named() -> None:
    assert changed(cancel=None, ship=b"def handler(event, context): ...\n") == [
        "shop.cancel.handler",
        "shop.ship.handler",
    ]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True)


def test_the_command_compares_with_a_commit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in BEFORE.items():
        file = tmp_path / "functions" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "tag", "v0.1.0")
    shop = str(tmp_path / "functions" / "shop")

    assert changes.main(["v0.1.0", "--source", shop]) == 0
    assert capsys.readouterr().out == "no function behaves otherwise than at v0.1.0\n"

    (tmp_path / "functions/shop/orders.py").write_text("x = 1\n")
    assert changes.main(["v0.1.0", "--source", shop]) == 0
    assert capsys.readouterr().out == "shop.cancel.handler: shop/orders.py\nshop.refund.handler: shop/orders.py\n"

    assert changes.main(["v9", "--source", shop]) == 2
    assert capsys.readouterr().err == "REV must be a commit or tag, for example v0.1.0; received 'v9'\n"


def test_every_handler_of_the_zip_reaches_the_settings_it_reads() -> None:
    source = EVENT_FORK.source_contents()
    after = {**source, "event_fork/settings.py": b"x = 1\n"}
    found = {change.handler for change in changes.changed_handlers(source, after)}

    assert found >= {f"event_fork.{name}.handler" for name in ("storage_backup", "search_analytics", "replay")}
