"""Train a network on scikit-learn's handwritten digits, on any backend.

    python examples/digits.py --backend numpy --epochs 40

1,797 images of 8 × 8 pixels, a fixed stratified split (80 % for training), pixels scaled by
the statistics of the training part. Prints ``test accuracy 0.9xx``, saves the model, and draws
the loss and some predictions.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from tqdm import tqdm

import xgrad as xg
from xgrad import nn

LEARNING_RATE = 5e-3


def load_data():
    """Return (train images, train labels), (test images, test labels), and raw test images."""
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )
    scaler = MinMaxScaler().fit(train_x)
    train = scaler.transform(train_x).astype(np.float32), train_y.astype(np.int64)
    test = scaler.transform(test_x).astype(np.float32), test_y.astype(np.int64)
    return train, test, test_x.reshape(-1, 8, 8)


def make_model(generator):
    """Return an MLP with 64 inputs, two hidden layers and 10 scores."""
    return nn.Sequential(
        nn.Dropout(0.1, generator=generator),
        nn.Linear(64, 256, generator=generator),
        nn.ReLU(),
        nn.Dropout(0.2, generator=generator),
        nn.Linear(256, 128, generator=generator),
        nn.ReLU(),
        nn.Linear(128, 10, generator=generator),
    )


def accuracy(model, x, y):
    """Return the share of correct predictions, and the predictions."""
    model.eval()
    with xg.no_grad():
        predicted = xg.argmax(model(x), axis=1)
    model.train()
    right = xg.mean(xg.astype(predicted == y, xg.float32))
    return right.item(), predicted


def train(backend="numpy", epochs=40, seed=0, batch_size=64, quiet=False, amp=False):
    """Train once; return the model, the losses, the test accuracy and the predictions.

    With ``amp``, matrix products are in float16, and a scaler preserves small gradients.
    """
    xg.set_backend(backend)
    generator = xg.random.Generator(seed)
    data, test, _ = load_data()
    loader = xg.data.DataLoader(
        xg.data.TensorDataset(*data), batch_size, shuffle=True, generator=generator
    )
    test_x, test_y = map(xg.asarray, test)
    model = make_model(generator)
    loss_of = nn.CrossEntropyLoss()
    optimizer = xg.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.5)
    scaler = xg.amp.GradScaler(enabled=amp)
    losses = []
    progress = tqdm(range(epochs), desc=f"digits on {backend}", unit="epoch", disable=quiet)
    for epoch in progress:
        total = 0.0
        cosine = (1 + math.cos(math.pi * epoch / epochs)) / 2
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * cosine
        for x, y in loader:
            with xg.amp.autocast("float16", enabled=amp):
                loss = loss_of(model(x), y)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            total = total + loss.detach()  # stays on the device, read once per epoch
        losses.append(total.item() / len(loader))
        progress.set_postfix(loss=f"{losses[-1]:.4f}")
    score, predicted = accuracy(model, test_x, test_y)
    return model, losses, score, predicted


def plot(losses, score, images, predicted, labels, path):
    """Draw the loss curve and 15 test digits with their predictions."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    axes.semilogy(range(1, len(losses) + 1), losses)
    axes.set(xlabel="epoch", ylabel="training loss", title=f"test accuracy {score:.3f}")
    axes.grid(alpha=0.3)
    for i, cell in enumerate(right.subplots(3, 5).flat):
        cell.imshow(images[i], cmap="gray_r")
        wrong = predicted[i] != labels[i]
        cell.set_title(f"{predicted[i]}", color="crimson" if wrong else "black")
        cell.axis("off")
    right.suptitle("predictions (wrong ones in red)")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--backend", default="numpy", help="numpy, cupy, torch, jax, array_api_strict"
    )
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--amp", action="store_true", help="mixed precision: float16")
    parser.add_argument("--require", type=float, default=0.0, help="fail below this accuracy")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    model, losses, score, predicted = train(
        options.backend, options.epochs, options.seed, amp=options.amp
    )
    seconds = time.perf_counter() - start
    options.out.mkdir(parents=True, exist_ok=True)
    saved, picture = options.out / "digits.safetensors", options.out / "digits.png"
    xg.save_file(model.state_dict(), saved)
    _, test, images = load_data()
    plot(losses, score, images, predicted.numpy(), test[1], picture)
    print(f"trained {options.epochs} epochs in {seconds:.1f} s; saved {saved} and {picture}")
    print(f"test accuracy {score:.3f}")
    if score < options.require:
        raise SystemExit(f"expected a test accuracy of at least {options.require}")


if __name__ == "__main__":
    main()
