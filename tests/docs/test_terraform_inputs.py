"""Reading the inputs and outputs of a Terraform module from its files."""

from pathlib import Path

import pytest

from docs.terraform_inputs import inputs, outputs, without_defaults


def test_a_file_may_begin_with_a_variable_block(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(
        'variable "b" {\n  description = "B."\n  type = string\n}\n\n'
        'variable "a" {\n  description = "A."\n  type = number\n  default = 5\n}\n'
    )
    (tmp_path / "outputs.tf").write_text('output "z" {\n  description = "Z."\n  value = 1\n}\n')
    assert [(each.name, each.type, each.default) for each in inputs(tmp_path)] == [
        ("b", "string", None),
        ("a", "number", "5"),
    ]
    assert [each.name for each in outputs(tmp_path)] == ["z"]


def test_defaults_are_taken_out_of_a_type_at_any_depth() -> None:
    assert without_defaults('object({ a = optional(list(object({ b = optional(string, "x") })), []) })') == (
        "object({ a = optional(list(object({ b = optional(string) }))) })"
    )


def test_a_type_is_found_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(
        'variable "a" {\n  type = list(object({\n    b = optional(string, "x")\n  }))\n'
        '  default = []\n  description = "A."\n}\n'
    )
    (each,) = inputs(tmp_path)
    assert each.written_type == 'list(object({\n    b = optional(string, "x")\n  }))'


def test_a_file_that_is_no_hcl_is_named_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text('variable "a" {\n  type = string\n}\nx\n')
    with pytest.raises(ValueError, match=r"/variables\.tf: invalid HCL: line 4,"):
        inputs(tmp_path)
