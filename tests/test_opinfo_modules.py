"""PyTorch's sample inputs of modules (its ModuleInfo table), with PyTorch as the oracle.

Value, gradients of inputs and parameters, forward mode and second order, in both modes.
"""

import pytest

from tests import environment

if environment.NAME != "torch":
    pytest.skip("PyTorch is the oracle of its session", allow_module_level=True)

import re

from torch.testing._internal.common_modules import module_db  # requires expecttest

import xgrad as xg
from tests.opinfo_checks import Comparison, Failure, same_conditions, unexplained
from tests.opinfo_differences import MODULES, MODULES_TAKEN, MODULES_WITHOUT_COUNTERPART
from tests.opinfo_entries import Untranslated
from tests.opinfo_modules import module_refusals, module_samples

INFOS = {info.module_cls.__name__: info for info in module_db}
EXCUSED = {name for names in MODULES_WITHOUT_COUNTERPART.values() for name in names.split()}
MAPPED = [name for name in INFOS if name not in EXCUSED]


@pytest.mark.parametrize("name", MAPPED)
def test_modules_agree_with_pytorch(name):
    failures, ran = [], 0
    with same_conditions():
        for sample in module_samples(INFOS[name]):
            failures += Comparison(sample).failures()
            ran += 1
    assert ran, "no sample has a counterpart"
    assert unexplained(name, MODULES, failures) == []


@pytest.mark.parametrize("name", [n for n in MAPPED if INFOS[n].module_error_inputs_func])
def test_modules_that_pytorch_rejects_raise_by_name(name):
    failures = []
    with same_conditions():
        for sample, run in module_refusals(INFOS[name]):
            message = "accepted"
            try:
                run()
            except Untranslated:
                continue
            except Exception as error:  # noqa: BLE001 - whatever comes is what is looked at
                message = f"unnamed: {type(error).__name__}: {error}"
                if _names(str(error), name):
                    continue
            failures.append(Failure("refusal", "float64", sample, message))
    assert unexplained(name, MODULES_TAKEN, failures) == []


def _names(message: str, module: str) -> bool:
    """Whether a message starts with the name of the module or of its function."""
    found = re.match(r"(\w+): ", message)
    stem = re.sub(r"\d?d?$|Loss$", "", module).lower()
    return bool(found) and found[1].replace("_", "").lower().startswith(stem)


def test_every_module_is_compared_or_has_a_reason():
    assert EXCUSED <= set(INFOS)
    assert [name for name in MAPPED if not hasattr(xg.nn, name)] == []
    assert {n for n in EXCUSED if hasattr(xg.nn, n)} == {"TransformerEncoder"}
    for row in (*MODULES, *MODULES_TAKEN):
        assert set(row.entries.split()) <= set(MAPPED), row.pattern
