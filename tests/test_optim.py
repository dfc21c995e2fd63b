"""Optimizers against PyTorch's, on torch arrays and on NumPy arrays."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host
from xgrad import nn

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")

_rng = np.random.default_rng(5)


@needs_torch
@pytest.mark.parametrize("loss", ["MSELoss", "CrossEntropyLoss"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("Adam", {"lr": 0.1}),
        ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
        ("AdamW", {"lr": 0.1}),
        ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ],
)
def test_ten_steps_are_pytorchs(name, options, loss):
    """On torch arrays and on NumPy arrays, whose optimizer hooks are written apart."""
    import torch

    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4), torch.nn.Sigmoid()
    ).double()
    state = {k: v.detach().numpy().copy() for k, v in theirs.state_dict().items()}
    optimizer = getattr(torch.optim, name)(theirs.parameters(), **options)
    x, classes = _rng.normal(size=(7, 3)), _rng.integers(0, 4, 7)
    target = classes if loss == "CrossEntropyLoss" else _rng.normal(size=(7, 4))
    expected = []
    for _ in range(10):
        optimizer.zero_grad()
        value = getattr(torch.nn, loss)()(theirs(torch.tensor(x)), torch.tensor(target))
        value.backward()
        optimizer.step()
        expected.append(value.item())
    for backend in ("torch", "numpy"):
        with xg.use_backend(backend):
            model = nn.Sequential(
                nn.Linear(3, 5, dtype=xg.float64), nn.ReLU(),
                nn.Linear(5, 4, dtype=xg.float64), nn.Sigmoid(),
            )  # fmt: skip
            model.load_state_dict(state)
            mine = getattr(xg.optim, name)(model.parameters(), **options)
            inputs, targets = xg.data.TensorDataset(x, target).tensors()
            for want in expected:
                mine.zero_grad()
                value = getattr(nn, loss)()(model(inputs), targets)
                value.backward()
                mine.step()
                np.testing.assert_allclose(value.item(), want, rtol=1e-10, atol=1e-10)
            for key, value in theirs.state_dict().items():
                np.testing.assert_allclose(
                    host(model.state_dict()[key]), value.numpy(), rtol=1e-10, atol=1e-10
                )
