"""Train a recurrent network to continue sin(x) cos(x).

    python examples/sine_rnn.py --backend numpy

The network predicts the next value at each of 25 steps; the last fifth of the curve is
held out. Prints ``held-out mean squared error 0.000xxx`` and draws the prediction.
"""

import argparse
from pathlib import Path

import numpy as np

import xgrad as xg
from xgrad import nn

LENGTH = 25


class Predictor(nn.Module):
    """An RNN and a linear layer: values (N, T, 1) to the next ones (N, T, 1)."""

    def __init__(self, hidden, generator):
        super().__init__()
        self.rnn = nn.RNN(1, hidden, batch_first=True, generator=generator)
        self.head = nn.Linear(hidden, 1, generator=generator)

    def forward(self, x):
        """Predict the next value at each step."""
        return self.head(self.rnn(x)[0])


def windows(values):
    """Return all windows of a curve, and the same windows one step later."""
    count = len(values) - LENGTH
    rows = np.arange(count)[:, None] + np.arange(LENGTH)
    return values[rows][..., None], values[rows + 1][..., None]


def plot(path, x, expected, predicted, cut):
    """Draw the curve and the predictions."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(9, 3.5), layout="constrained")
    panel.plot(x, expected, label="sin(x) cos(x)", linewidth=3, alpha=0.4)
    panel.plot(x, predicted, label="predicted from the 25 values before", linewidth=1)
    panel.axvline(cut, color="grey", linestyle=":", label="held out from here")
    panel.legend()
    panel.set(xlabel="x")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--require", type=float, default=1e-3, help="fail above this error")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    x = np.linspace(0, 20 * np.pi, 1500)
    values = (np.sin(x) * np.cos(x)).astype(np.float32)
    inputs, targets = windows(values)
    cut = int(0.8 * len(inputs))
    train = xg.data.TensorDataset(inputs[: cut - LENGTH], targets[: cut - LENGTH])
    test = xg.data.TensorDataset(inputs[cut:], targets[cut:])
    generator = xg.random.Generator(options.seed)
    loader = xg.data.DataLoader(train, 32, shuffle=True, generator=generator)
    held_out = xg.data.DataLoader(test, 500)
    model = Predictor(32, generator)
    optimizer = xg.optim.Adam(model.parameters(), lr=5e-3)
    schedule = xg.optim.CosineAnnealingLR(optimizer, options.epochs, eta_min=1e-4)
    history = xg.train.fit(
        model, nn.MSELoss(), optimizer, loader, options.epochs, held_out, scheduler=schedule,
        clip_norm=1.0,
    )  # fmt: skip
    with xg.no_grad():
        every = model(xg.asarray(inputs))
    predicted = every[:, -1, 0].numpy()
    plot(options.out / "sine_rnn.png", x[LENGTH:], values[LENGTH:], predicted, x[cut + LENGTH])
    history.plot(options.out / "sine_rnn_loss.png")
    error = history.last("val_loss")
    print(f"held-out mean squared error {error:.6f}")
    if error > options.require:
        raise SystemExit(f"expected a mean squared error of at most {options.require}")


if __name__ == "__main__":
    main()
