"""PyTorch's own sample inputs (its OpInfo table), with PyTorch as the oracle.

Every entry with a counterpart in xgrad runs (`tests/opinfo_*.py` define the calls),
with all its samples of float64, complex128 and int64. `tests/opinfo_differences.py` lists the
differences with their reasons.
"""

import contextlib
import itertools
import os
import re

import pytest

from tests import environment

if environment.NAME != "torch":
    pytest.skip("PyTorch is the oracle of its session", allow_module_level=True)

import torch
from torch.testing._internal.common_methods_invocations import op_db  # requires expecttest

from tests import (
    opinfo_arrays,
    opinfo_elementwise,
    opinfo_layers,
    opinfo_linalg,
    opinfo_reductions,
)
from tests.opinfo_checks import (
    Comparison,
    refusal_failure,
    refusals,
    same_conditions,
    samples,
    unexplained,
)
from tests.opinfo_differences import DIFFERENCES, TAKEN, WITHOUT_COUNTERPART
from tests.opinfo_entries import ENTRIES, Untranslated

ENTRY_MODULES = (opinfo_arrays, opinfo_elementwise, opinfo_layers, opinfo_linalg, opinfo_reductions)
#: One in this many samples runs on PyTorch's arrays: XGRAD_TEST_OPINFO=all runs all of them.
STEP = 1 if os.environ.get("XGRAD_TEST_OPINFO") == "all" else 4
DTYPES = (torch.float64, torch.complex128, torch.int64)


def full_name(op):
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


OPS = {full_name(op): op for op in op_db}


def entry_of(name):
    return ENTRIES.get(name) or ENTRIES.get(OPS[name].name)


#: Reasons may apply to a variant of an entry, or to entries that PyTorch lists on other machines.
EXCUSED = {name for names in WITHOUT_COUNTERPART.values() for name in names.split()}
MAPPED = [name for name in OPS if entry_of(name) and name not in EXCUSED]


@pytest.mark.parametrize("name", MAPPED)
def test_samples_agree_with_pytorch(name):
    op, entry = OPS[name], entry_of(name)
    supported = op.supported_dtypes("cpu")
    failures, ran = [], 0
    for dtype in [d for d in DTYPES if d in supported] or sorted(supported, key=str)[:1]:
        with same_conditions():
            for sample in samples(entry, op, dtype):
                try:
                    failures += Comparison(sample).failures()
                except Untranslated:
                    continue
                ran += 1
    assert ran, "no sample has a counterpart"
    assert unexplained(name, DIFFERENCES, failures) == []


@pytest.mark.parametrize("name", MAPPED)
def test_samples_agree_on_pytorchs_arrays(name):
    """The same rules over another library: its functions accept and return the expected types."""
    op, entry = OPS[name], entry_of(name)
    failures = []
    for dtype in (torch.float64, torch.int64):
        with same_conditions("torch"):
            given = (
                samples(entry, op, dtype, "torch") if dtype in op.supported_dtypes("cpu") else ()
            )
            for sample in itertools.islice(given, None, None, STEP):
                with contextlib.suppress(Untranslated):
                    failures += Comparison(sample).failures()
    rows = [row for row in DIFFERENCES if name in row.entries.split()]
    assert [f for f in map(str, failures) if not any(re.search(r.pattern, f) for r in rows)] == []


@pytest.mark.parametrize("name", [name for name in MAPPED if OPS[name].error_inputs_func])
def test_samples_that_pytorch_rejects_raise_by_name(name):
    failures = []
    with same_conditions():
        for sample, error in refusals(entry_of(name), OPS[name]):
            try:
                failure = refusal_failure(sample, error)
            except Untranslated:
                continue
            failures += [failure] if failure else []
    assert unexplained(name, TAKEN, failures) == []


def test_every_entry_is_mapped_or_has_a_reason():
    """So a function of xgrad with a namesake in PyTorch's table has an entry or a reason."""
    assert set(OPS) - set(MAPPED) - EXCUSED == set()
    assert EXCUSED <= set(OPS)
    assert EXCUSED.isdisjoint(ENTRIES)


def test_every_row_is_of_an_entry():
    for row in (*DIFFERENCES, *TAKEN):
        assert set(row.entries.split()) <= set(MAPPED), row.pattern
    assert set(ENTRIES) <= {name for op in op_db for name in (op.name, full_name(op))}
