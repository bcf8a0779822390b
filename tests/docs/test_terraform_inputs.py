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


@pytest.mark.parametrize("default", ['")"', '"a, (b"', r'"\")"', '"#"'])
def test_brackets_and_commas_in_strings_are_no_part_of_a_type(default: str, tmp_path: Path) -> None:
    written = f"object({{\n    a = optional(string, {default}) # (\n  }})"
    (tmp_path / "variables.tf").write_text(f'variable "a" {{\n  description = "A."\n  type = {written}\n}}\n')
    (each,) = inputs(tmp_path)
    assert each.written_type == written
    assert without_defaults(written) == "object({\n    a = optional(string) # (\n  })"


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('variable "one" { type = string }\n', 'variable "one" has no description'),
        ('variable "one" {\n  description = "O."\n}\n', 'variable "one" has no type'),
        ('variable "one" {}\n', 'variable "one" has no description and no type'),
        ('variable "one" {\n  type = string\n  description = "O."\n  }\n', 'received another form of variable "one"'),
        (
            'variable "one" {\n  description = <<E\n}\nE\n  type = string\n}\n',
            'received another form of variable "one"',
        ),
    ],
)
def test_what_would_be_left_out_is_refused_with_file_and_name(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(text)
    with pytest.raises(ValueError, match=f"/variables.tf: .*{said}"):
        inputs(tmp_path)


def test_an_output_without_a_description_or_on_one_line_is_refused_with_file_and_name(tmp_path: Path) -> None:
    for text, said in (("  value = 1\n", "has no description"), (' description = "Z." value = 1', "invalid HCL")):
        (tmp_path / "outputs.tf").write_text(f'output "z" {{\n{text}}}\n')
        with pytest.raises(ValueError, match=rf"/outputs\.tf: .*{said}"):
            outputs(tmp_path)
