"""Train a convolutional network on scikit-learn's handwritten digits.

    python examples/digits_cnn.py --backend numpy

1,797 images of 8 × 8 pixels, split as in `digits.py`; training images are randomly shifted by up
to one pixel. Prints ``test accuracy 0.9xx`` and draws the mistakes.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import xgrad as xg
from xgrad import nn


def load_data():
    """Return training images (N, 1, 8, 8) in [0, 1] and labels, and the same for the test."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    train_x, test_x, train_y, test_y = train_test_split(
        images, digits.target.astype(np.int64), test_size=0.2, stratify=digits.target,
        random_state=0,
    )  # fmt: skip
    return (train_x, train_y), (test_x, test_y)


def shifted(images, labels):
    """Return each image at the nine positions up to one pixel away."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    shifts = [padded[:, :, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    return np.concatenate(shifts), np.tile(labels, 9)


def make_model(generator):
    """Return two blocks of convolutions and a linear layer."""

    def block(inputs, outputs):
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False, generator=generator),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    return nn.Sequential(
        *block(1, 24),
        *block(24, 48),
        nn.MaxPool2d(2),
        *block(48, 64),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3, generator=generator),
        nn.Linear(256, 10, generator=generator),
    )


def plot(path, images, labels, predicted):
    """Draw the mistakes, next to some other images."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    order = np.argsort(predicted == labels, kind="stable")[:15]  # mistakes first
    figure, cells = plt.subplots(3, 5, figsize=(7, 5), layout="constrained")
    for i, cell in zip(order, cells.flat, strict=True):
        cell.imshow(images[i, 0], cmap="gray_r")
        wrong = predicted[i] != labels[i]
        cell.set_title(
            f"{predicted[i]}, is {labels[i]}" if wrong else f"{predicted[i]}",
            color="crimson" if wrong else "black",
        )
        cell.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--examples", type=int, default=None, help="train on fewer images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--amp", action="store_true", help="mixed precision: float16")
    parser.add_argument("--require", type=float, default=0.0, help="fail below this accuracy")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    train, test = load_data()
    x, y = shifted(*train)
    generator = xg.random.Generator(options.seed)
    chosen = np.random.default_rng(options.seed).permutation(len(x))[: options.examples]
    loader = xg.data.DataLoader(
        xg.data.TensorDataset(x[chosen], y[chosen]), 64, shuffle=True, generator=generator
    )
    held_out = xg.data.DataLoader(xg.data.TensorDataset(*test), 400)
    model = make_model(generator)
    print(xg.nn.summary(model, test[0][:1]))
    optimizer = xg.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = xg.optim.OneCycleLR(
        optimizer, 6e-3, epochs=options.epochs, steps_per_epoch=len(loader) + 1
    )
    start = time.perf_counter()
    history = xg.train.fit(
        model, nn.CrossEntropyLoss(label_smoothing=0.05), optimizer, loader, options.epochs,
        held_out, metrics={"accuracy": xg.metrics.accuracy}, scheduler=schedule,
        schedule_by="batch", amp="float16" if options.amp else None,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    model.eval()
    with xg.no_grad():
        scores = model(xg.asarray(test[0]))
        predicted = xg.argmax(scores, axis=1).numpy()
    plot(options.out / "digits_cnn.png", *test, predicted)
    history.plot(options.out / "digits_cnn_loss.png")
    score = history.last("val_accuracy")
    print(f"trained {options.epochs} epochs in {seconds:.0f} s")
    print(f"test accuracy {score:.3f}")
    if score < options.require:
        raise SystemExit(f"expected a test accuracy of at least {options.require}")


if __name__ == "__main__":
    main()
