"""Redaction paths and rules that are taken, and that are refused: one table for the functions and for Terraform."""

from typing import Any

TAKEN_PATHS = [
    "$..card", "$.payment.card", "$.card-number._x9", "$.größe", "$['a.b']['c d']", '$["it\'s"]',
    r"""$['it\'s "so"']""",
    r"$['back\\slash']", r"$['caf\u00e9']", r'$["\b\f\n\r\t\/\""]', "$['']", "$.items[*].price", "$[0][12]",
    "$.a..['b c'][*]", "$.payment.card-*", "$..card*.x", "$['a b'*][0]", '$..["a*"*]', "$[*]",
]  # fmt: skip

REFUSED_PATHS = [
    "", "payment", ".a", "$a", "$.", "$..", "$...a", "$.a.", "$.*", "$..*", "$..[*]", "$..[0]", "$[-1]", "$[01]",
    "$[1:2]", "$['a','b']", "$[?(@.a)]", "$[]", "$['a", "$.a b", "$ .a", "$.a ", r"$['\x']", "$.a[", "$['a\n']",
    "$['']*", "$[''*]", "$.a**", "$.a*b", "$.a[*", "$[a*]", r'$["a\q"]', r"$['\u12']", "$['a\x01']", r'$["\'"]',
    r'$["a\"]', "$[*]*", "$.a\n",
]  # fmt: skip

TAKEN_RULES: list[dict[str, Any]] = [
    {"path": "$.a"},
    {"path": "$", "action": "mask"},
    {"path": "$", "action": "audit"},
    {"path": "$.a", "action": "mask", "mask": ""},
    {"path": "$.a", "embedded": True, "required": True},
    {"attribute": "card"},
    {"attribute": "Card_1.no-x.*"},
    {"attribute": "card-*", "action": "mask", "mask": "?"},
    {"subject": True},
    {"subject": True, "action": "mask"},
    {"detect": "card_number"},
    {"detect": "card_number", "keep_last": 1, "mask": "x"},
    {"detect": "iban", "keep_last": 4},
    {"detect": "email", "action": "audit"},
    {"detect": "email", "required": True},
]

REFUSED_RULES: list[dict[str, Any]] = [
    {},
    {"action": "mask"},
    {"path": "$"},
    {"path": "$.a", "action": "hide"},
    {"path": "$.a", "mask": "?"},
    {"path": "$.a", "attribute": "b"},
    {"path": "$.a", "detect": "email"},
    {"path": "$.a", "keep_last": 4},
    {"path": "$.a", "action": "audit", "required": True},
    {"attribute": ""},
    {"attribute": "*"},
    {"attribute": "card*number"},
    {"attribute": "card number"},
    {"attribute": "card**"},
    {"attribute": "a", "embedded": True},
    {"subject": False},
    {"subject": True, "embedded": True},
    {"subject": True, "action": "audit", "mask": "x"},
    {"detect": "phone"},
    {"detect": "card_number", "action": "remove"},
    {"detect": "card_number", "keep_last": 5},
    {"detect": "card_number", "keep_last": -1},
    {"detect": "email", "keep_last": 4},
    {"detect": "email", "embedded": True},
]
