"""Train an LSTM to write documentation, character by character.

    python examples/char_lm.py --backend numpy

The text is the docstrings of Python's standard library; the last tenth is held
out. Prints ``held-out bits per character x.xx (bigrams y.yy)`` and a sample of generated text.
"""

import argparse
from pathlib import Path

import numpy as np
from python_text import bigram_bits, bits, corpus, encoded, segments

import xgrad as xg
from xgrad import nn
from xgrad.nn import functional as F

LENGTH = 64


class CharLM(nn.Module):
    """Map characters (N, T) to scores of the next one (N, C, T)."""

    def __init__(self, characters, size, generator):
        super().__init__()
        self.embed = nn.Embedding(characters, 48, generator=generator)
        self.lstm = nn.LSTM(48, size, batch_first=True, generator=generator)
        self.dropout = nn.Dropout(0.1, generator=generator)
        self.head = nn.Linear(size, characters, generator=generator)

    def forward(self, x, state=None):
        """Return the scores."""
        return self.step(x, state)[0]

    def step(self, x, state=None):
        """Return the scores, with classes on axis 1 as `cross_entropy` expects, and the state."""
        out, state = self.lstm(self.embed(x), state)
        return xg.matrix_transpose(self.head(self.dropout(out))), state


def write(model, characters, start, count, rng, temperature=0.7):
    """Continue a text."""
    number = {c: i for i, c in enumerate(characters)}
    model.eval()
    numbers, state = [number[c] for c in start], None
    chunk = numbers
    with xg.no_grad():
        for _ in range(count):
            x = xg.asarray([chunk])
            scores, state = model.step(x, state)
            p = F.softmax(scores[0, :, -1] / temperature, dim=0).numpy().astype(float)
            chunk = [int(rng.choice(len(characters), p=p / p.sum()))]
            numbers += chunk
    return "".join(characters[i] for i in numbers)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--characters", type=int, default=300_000, help="length of the text")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--any", action="store_true", help="do not fail above the bigram model's bits"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    characters, numbers = encoded(corpus())
    cut = int(0.9 * len(numbers))
    train, test = numbers[: min(cut, options.characters)], numbers[cut:][:30_000]
    print(f"{len(train):,} of {len(numbers):,} characters for training, {len(test):,} held out")
    generator = xg.random.Generator(options.seed)
    loader = xg.data.DataLoader(
        xg.data.TensorDataset(*segments(train, LENGTH)), 32, shuffle=True, generator=generator
    )
    held_out = xg.data.DataLoader(xg.data.TensorDataset(*segments(test, LENGTH)), 64)
    model = CharLM(len(characters), options.size, generator)
    optimizer = xg.optim.Adam(model.parameters(), lr=6e-3)
    schedule = xg.optim.CosineAnnealingLR(optimizer, options.epochs * len(loader), eta_min=5e-4)
    history = xg.train.fit(
        model, nn.CrossEntropyLoss(), optimizer, loader, options.epochs, held_out,
        scheduler=schedule, schedule_by="batch", clip_norm=1.0,
    )  # fmt: skip
    picture = history.plot(options.out / "char_lm.png")
    text = write(model, characters, "Return ", 400, np.random.default_rng(options.seed))
    print(f"--- sample:\n{text}\n---\nlosses in {picture}")
    score, pairs = bits(history.last("val_loss")), bigram_bits(train, test, len(characters))
    print(f"held-out bits per character {score:.2f} (bigrams {pairs:.2f})")
    if score >= pairs and not options.any:
        raise SystemExit("expected fewer bits per character than a bigram model's")


if __name__ == "__main__":
    main()
