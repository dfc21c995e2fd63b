"""Classify benign and malignant tumours with a feed-forward network and log loss.

    python examples/breast_cancer.py --backend numpy

scikit-learn's breast cancer data: 569 examples, 30 features. Stratified 5-fold split; the
scaler is fitted inside each fold. Prints ``mean accuracy 0.9xx`` and draws the losses.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

import xgrad as xg
from xgrad import nn


def make_model(generator):
    """Return a network from 30 features to one probability."""
    return nn.Sequential(
        nn.Linear(30, 32, generator=generator),
        nn.ReLU(),
        nn.Dropout(0.3, generator=generator),
        nn.Linear(32, 1, generator=generator),
        nn.Sigmoid(),
        nn.Flatten(0),
    )


def run_fold(train, test, epochs, seed):
    """Train on one part; return the history and the accuracy on the other part."""
    scaler = StandardScaler().fit(train[0])
    x = {name: scaler.transform(part[0]).astype(np.float32)
         for name, part in (("train", train), ("test", test))}  # fmt: skip
    y = {name: part[1].astype(np.float32) for name, part in (("train", train), ("test", test))}
    generator = xg.random.Generator(seed)
    loader = xg.data.DataLoader(
        xg.data.TensorDataset(x["train"], y["train"]), 32, shuffle=True, generator=generator
    )
    test_loader = xg.data.DataLoader(xg.data.TensorDataset(x["test"], y["test"]), 200)
    model = make_model(generator)
    optimizer = xg.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    history = xg.train.fit(
        model,
        nn.LogLoss(),
        optimizer,
        loader,
        epochs,
        test_loader,
        metrics={"accuracy": lambda p, t: xg.metrics.accuracy(p > 0.5, t > 0.5)},
        progress=False,
    )
    return history, history.last("val_accuracy")


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--folds", type=int, default=5, help="number of folds to run, up to 5")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--require", type=float, default=0.0, help="fail below this accuracy")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    x, y = load_breast_cancer(return_X_y=True)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=options.seed).split(x, y))
    scores = []
    for number, (train, test) in enumerate(tqdm(folds[: options.folds], desc="folds")):
        history, score = run_fold(
            (x[train], y[train]), (x[test], y[test]), options.epochs, options.seed + number
        )
        scores.append(score)
    picture = history.plot(options.out / "breast_cancer.png")
    print(
        f"accuracies by fold: {', '.join(f'{s:.3f}' for s in scores)}; the last fold in {picture}"
    )
    print(f"mean accuracy {np.mean(scores):.3f}")
    if np.mean(scores) < options.require:
        raise SystemExit(f"expected a mean accuracy of at least {options.require}")


if __name__ == "__main__":
    main()
