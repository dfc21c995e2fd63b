"""The mutation run: delete every rule of every primitive in turn; a check must fail.

``python -m tests.mutation`` (or ``nox -s mutation``) deletes one vjp, complex vjp, jvp (as
a whole, and for each argument) or batching rule at a time, runs the rows of the op table
until a check fails, and lists the deletions without a failure. The exit status is the number of
these. Pass names to run only these primitives.
"""

import multiprocessing
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads do not survive a fork

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from typing import Any

import pytest

from tests import op_checks
from tests.op_table import ROWS, Row
from xgrad.engine.dispatch import bind
from xgrad.engine.primitive import PRIMITIVES, Primitive

_TIES = (
    "tests/test_linalg.py::test_functions_of_eigenvalues_at_equal_ones",
    "tests/test_linalg_rules.py",
)
_SINGULAR = ("tests/test_linalg.py::test_determinants_of_singular_matrices", _TIES[1])
_BEYOND = ("tests/test_linalg.py::test_vectors_beyond_the_first", _TIES[1])
#: Tests that run instead of the rows, for rules that no row covers.
ELSEWHERE = {
    "module_boundary": (
        "tests/test_modules.py::test_backward_hooks",
        "tests/test_modules.py::test_backward_hooks_with_second_order_vmap_and_forward_mode",
    ),
    "custom_rule": ("tests/test_custom.py::test_custom_jvp_serves_both_modes",),
    "low_rank": (
        "tests/test_numpy_products.py::test_derivatives_where_a_tolerance_discards_singular_values",
    ),
    "checkpoint_name": ("tests/test_checkpoint.py::test_a_name_is_the_identity",),
    "spacing": ("tests/test_ufunc_derivatives.py::test_calls",),
    "bitwise_count": ("tests/test_ufunc_derivatives.py::test_bits_under_vmap",),
    "transfer": ("tests/test_backends.py::test_to_moves_the_gradient_back",),
    "constant_product": ("tests/test_sparse.py::test_products",),
    "dropout_each": (
        "tests/test_randomness.py::test_every_way_to_a_gradient_uses_the_same_numbers",
    ),
    "from_parts": (
        "tests/test_assignment.py::test_writes_to_parts_of_complex_numbers_have_derivatives_of_every_order",
    ),
    "sparse_solve": (
        "tests/test_sparse.py::test_systems",
        "tests/test_sparse.py::test_systems_in_a_batch",
    ),
    # At equal eigenvalues, for singular matrices, and for vectors beyond the first:
    "adapted_rotation": _TIES,
    "weighted_sum": _TIES,
    "rotated_diagonal": _TIES,
    "in_a_rule": ("tests/test_linalg.py::test_equal_eigenvalues_of_general_matrices", _TIES[1]),
    "checked_tangent": _TIES,
    "cofactors": _SINGULAR,
    "cofactor_change": _SINGULAR,
    "vectors_beyond": _BEYOND,
    "columns_beyond": _BEYOND,
}
#: Rules that nothing calls: of arguments declared to have no tangent, or of other numbers.
NOT_CALLED = {
    ("weighted_sum", "jvp 4"),
    ("rotated_diagonal", "jvp 2"),
    ("faddeeva", "vjp 0"),  # its argument is complex: the rule for real ones is not called
}


def _nothing(*args: Any) -> None:
    return None


def _without(rules: Any, i: int) -> Any:
    if callable(rules):  # joint: one function for all arguments
        return lambda xp, g, saved, likes, params: [
            None if j == i else c for j, c in enumerate(rules(xp, g, saved, likes, params))
        ]
    return tuple(_nothing if j == i else rule for j, rule in enumerate(rules))


def deletions(p: Primitive) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and the changed rules for each rule of a primitive."""
    own = p.rules
    count = max(1, len(own.needs)) if own.joint else len(own.vjps)
    if p.signature.differentiable:
        for i in range(count):
            rule = own.vjps if own.joint else own.vjps[i]
            if getattr(rule, "__name__", "") in ("no_gradient", "flat"):
                continue  # declared: no derivative for this argument, or 0
            without = _without(own.vjps, i)
            if own.complex_vjps is own.vjps:
                yield f"vjp {i}", {"vjps": without, "complex_vjps": without}
            else:
                yield f"vjp {i}", {"vjps": without}
            if own.complex_vjps is not own.vjps and p.name in COMPLEX:
                yield f"complex vjp {i}", {"complex_vjps": _without(own.complex_vjps, i)}
            if count > 1 and own.forward is None:
                yield f"jvp {i}", {"jvp": _drop_tangent(own.jvp, i)}
        if own.forward is not None:
            yield "forward", {"forward": _without_tangents(p)}
        elif any(getattr(rule, "__name__", "") != "flat" for rule in _rules(p)):
            yield "jvp", {"jvp": lambda xp, t, saved, params: None}
    yield "batch", {"batch": None}


def _without_tangents(p: Primitive) -> Any:
    def forward(xp: Any, args: Any, tangents: Any, params: Any) -> Any:
        out = bind(p, args, params)
        return out, (None,) * len(out)

    return forward


def _rules(p: Primitive) -> tuple[Any, ...]:
    return (p.rules.vjps,) if p.rules.joint else p.rules.vjps


def _drop_tangent(jvp: Any, i: int) -> Any:
    def without(xp: Any, tangents: Any, saved: Any, params: Any) -> Any:
        kept = tuple(None if j == i else t for j, t in enumerate(tangents))
        return None if all(t is None for t in kept) else jvp(xp, kept, saved, params)

    return without


#: Functions that call a primitive with another name, by the first word of the primitive.
CALLED_BY = {
    "affine": ("linear",),
    "standardised": ("layer_norm", "rms_norm"),
    "decomposition": ("svd",),
    "eigenvalues": ("eigvalsh",),
    "exponent": ("frexp",),
    "fraction": ("modf",),
    "mantissa": ("frexp",),
    "euclidean": ("vector_norm",),
    "half": ("rfft", "rfftn"),
    "identity": ("matrix_power",),
    "nll": ("nll_loss",),
    "power": ("pow",),
    "real": ("irfft", "irfftn"),
    "singular": ("svd", "svdvals"),
    "solve": ("solve", "solve_triangular"),
    "spectrum": ("eigh", "eigvalsh"),
    "transform": ("fft", "ifft", "fftn"),
}

COMPLEX = (
    {row.name for row in ROWS if row.complex_samples}
    | {f"power{suffix}" for suffix in ("", "_constant", "_of_constant")}
    | {"matrix_product", "basic_index", "faddeeva"}
)


@contextmanager
def changed(p: Primitive, attributes: dict[str, Any]) -> Iterator[None]:
    """Change the rules of a primitive temporarily."""
    before = p.rules
    p.rules = replace(before, **attributes)
    try:
        yield
    finally:
        p.rules = before


#: The checks that are likely to detect a deletion, by a word of its name.
LIKELY = {
    "vjp": ("backward", "derivatives"),
    "jvp": ("derivatives",),
    "forward": ("derivatives",),
    "batch": ("vmap",),
}


def first_failure(rows: list[Row], rule: str) -> str | None:
    """Run checks until one fails, the likely ones first; return its name."""
    kind = next(word for word in LIKELY if word in rule.split())
    for check in dict.fromkeys((*LIKELY[kind], *op_checks.CHECKS)):
        function = op_checks.CHECKS[check]
        for row in rows:
            if op_checks.applies(check, row):
                try:
                    function(row)
                except Exception:  # noqa: BLE001 - any failure is a rule missed
                    return f"{row.id}-{check}"
    return None


def failing(tests: tuple[str, ...]) -> str | None:
    """Run tests of other files; return the first of these names whose tests fail."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        for test in tests:
            if pytest.main(["-qx", "-n0", "-pno:cacheprovider", test]) == 1:
                return test
    return None


def delete_rules_of(name: str) -> tuple[list[str], list[str]]:
    """Delete each rule of one primitive in turn; return a line for each, and the survivors."""
    words = [name, name.partition("_")[0], *CALLED_BY.get(name.partition("_")[0], ())]
    near = [row for row in ROWS if row.name.rpartition(".")[2] in words]
    rows = near + [row for row in ROWS if row not in near]
    p = PRIMITIVES[name]
    lines, survivors = [], []
    for rule, attributes in deletions(p):
        if (name, rule) in NOT_CALLED:
            continue
        with changed(p, attributes):
            if name in ELSEWHERE:
                caught = failing(ELSEWHERE[name])
            else:
                caught = first_failure(near, rule) or first_failure(rows, rule)
        lines.append(f"{name}: without {rule}: {caught or 'NOT NOTICED'}")
        if caught is None:
            survivors.append(f"{name} {rule}")
    return lines, survivors


def main(names: list[str]) -> int:
    """Run the deletions, in one process per core, and print a line for each."""
    chosen = [n for n in PRIMITIVES if not names or n in names]
    survivors, count = [], 0
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        for lines, missed in pool.imap_unordered(delete_rules_of, chosen):
            print(*lines, sep="\n", flush=True)
            survivors += missed
            count += len(lines)
    print(f"{count} deletions, {len(survivors)} not noticed: {survivors}")
    return len(survivors)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
