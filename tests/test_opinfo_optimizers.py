"""PyTorch's sample options of optimizers (its OptimizerInfo table), with PyTorch as the oracle.

Five steps from equal parameters with equal gradients; calls that PyTorch rejects raise by name.
"""

import numpy as np
import pytest

from tests import environment

if environment.NAME != "torch":
    pytest.skip("PyTorch is the oracle of its session", allow_module_level=True)

import torch
from torch.testing._internal.common_optimizers import optim_db  # requires expecttest

import xgrad as xg
from tests.opinfo_checks import Failure, as_numpy, mapped, same_conditions, unexplained
from tests.opinfo_differences import OPTIMIZERS_TAKEN, OPTIMIZERS_WITHOUT_COUNTERPART

INFOS = {info.optim_cls.__name__: info for info in optim_db}
EXCUSED = {name for names in OPTIMIZERS_WITHOUT_COUNTERPART.values() for name in names.split()}
MAPPED = [name for name in INFOS if name not in EXCUSED]
#: PyTorch's choice of implementation; xgrad chooses automatically.
IMPLEMENTATIONS = ("foreach", "fused", "capturable", "differentiable")
DTYPES = {"float64": torch.float64, "complex128": torch.complex128}


def options_of(keywords):
    """Return a sample's options in xgrad's form: one-element arrays as numbers."""

    def number(x):
        return x.item() if isinstance(x, torch.Tensor) and x.numel() == 1 else as_numpy(x)

    return mapped({k: v for k, v in keywords.items() if k not in IMPLEMENTATIONS}, number)


CASES = [
    (name, dtype, options_of(given.kwargs))
    for name in MAPPED
    for given in INFOS[name].optim_inputs_func(device="cpu")
    for dtype in DTYPES
]


@pytest.mark.parametrize(("name", "dtype", "options"), CASES, ids=str)
def test_five_steps_agree_with_pytorch(name, dtype, options):
    """On NumPy arrays: Σ|Ax - b|⁴ of two parameters, evaluated by each library."""
    rng = np.random.default_rng(0)

    def draw(*shape):
        x = rng.normal(size=shape)
        return x + 1j * rng.normal(size=shape) if dtype == "complex128" else x

    starts, a, b = (draw(3, 2), draw(2)), draw(4, 3), draw(4, 2)
    with same_conditions():
        theirs = [torch.nn.Parameter(torch.from_numpy(x.copy())) for x in starts]
        ours = [xg.nn.Parameter(x) for x in starts]
        with torch.no_grad():
            pairs = [
                (
                    getattr(torch.optim, name)(theirs, **options),
                    lambda: torch.sum(
                        torch.abs(torch.from_numpy(a) @ theirs[0] + theirs[1] - torch.from_numpy(b))
                        ** 4
                    ),
                ),
                (
                    getattr(xg.optim, name)(ours, **options),
                    lambda: xg.sum(xg.abs(a @ ours[0] + ours[1] - b) ** 4),
                ),
            ]
        for _ in range(5):
            values = [_step(optimizer, loss) for optimizer, loss in pairs]
            np.testing.assert_allclose(values[1], values[0], rtol=1e-8, atol=1e-12)
            for mine, other in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(
                    mine.detach().numpy(), other.numpy(force=True), rtol=1e-9, atol=1e-12
                )


def _step(optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    return optimizer.step(closure).item()


@pytest.mark.parametrize("name", MAPPED)
def test_optimizers_that_pytorch_rejects_raise_by_name(name):
    failures = []
    with same_conditions():
        for given in INFOS[name].optim_error_inputs_func(device="cpu", dtype=torch.float64):
            sample = given.optimizer_error_input
            beyond = set(sample.kwargs) & set(IMPLEMENTATIONS)
            if beyond or not issubclass(given.error_type, Exception):
                continue
            made = {}  # a parameter that is passed twice stays one object

            def leaf(x, made=made):
                if not isinstance(x, torch.Tensor):
                    return x
                return made.setdefault(id(x), xg.nn.Parameter(as_numpy(x)))

            options = {k: as_numpy(v) for k, v in sample.kwargs.items()}
            parameters = mapped(sample.params, leaf)
            if parameters is None:
                parameters = [xg.nn.Parameter(np.ones((2, 2)))]
            message = "accepted"
            try:
                getattr(xg.optim, name)(parameters, **options)
            except Exception as error:  # noqa: BLE001 - whatever comes is what is looked at
                message = f"unnamed: {type(error).__name__}: {error}"
                if str(error).startswith(f"{name}: "):
                    continue
            failures.append(Failure("refusal", "float64", f"{sample.desc}", message))
    assert unexplained(name, OPTIMIZERS_TAKEN, failures) == []


def test_every_optimizer_is_compared_or_has_a_reason():
    assert EXCUSED <= set(INFOS)
    assert [name for name in EXCUSED if hasattr(xg.optim, name)] == []
    for row in OPTIMIZERS_TAKEN:
        assert set(row.entries.split()) <= set(MAPPED), row.pattern
