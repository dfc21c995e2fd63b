"""Train a small transformer to write documentation, character by character.

    python examples/char_gpt.py --backend numpy

Uses the text and the split of `char_lm.py`. Prints ``held-out bits per character x.xx
(bigrams y.yy)`` and a sample of generated text.
"""

import argparse
from pathlib import Path

import numpy as np
from python_text import bigram_bits, bits, corpus, encoded, segments

import xgrad as xg
from xgrad import nn
from xgrad.nn import functional as F

LENGTH = 64


class CharGPT(nn.Module):
    """Map characters (N, T) to scores of the next one (N, C, T): pre-norm blocks, tied weights."""

    def __init__(self, characters, size, heads, layers, generator):
        super().__init__()
        self.embed = nn.Embedding(characters, size, generator=generator)
        self.place = nn.Embedding(LENGTH, size, generator=generator)
        with xg.no_grad():
            self.embed.weight *= 0.05
            self.place.weight *= 0.05
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                size, heads, 4 * size, dropout=0.05, activation="gelu", batch_first=True,
                norm_first=True, generator=generator,
            )
            for _ in range(layers)
        )  # fmt: skip
        self.norm = nn.LayerNorm(size)

    def forward(self, x):
        """Return the scores, with classes on axis 1 as `cross_entropy` expects."""
        h = self.embed(x) + self.place.weight[: x.shape[1]]
        for block in self.blocks:
            h = block(h, is_causal=True)
        return xg.matrix_transpose(F.linear(self.norm(h), self.embed.weight))


def write(model, characters, start, count, rng, temperature=0.7):
    """Continue a text."""
    number = {c: i for i, c in enumerate(characters)}
    model.eval()
    numbers = [number[c] for c in start]
    with xg.no_grad():
        for _ in range(count):
            x = xg.asarray([numbers[-LENGTH:]])
            p = F.softmax(model(x)[0, :, -1] / temperature, dim=0).numpy().astype(float)
            numbers.append(int(rng.choice(len(characters), p=p / p.sum())))
    return "".join(characters[i] for i in numbers)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--characters", type=int, default=300_000, help="length of the text")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--amp", action="store_true", help="mixed precision: float16")
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
    model = CharGPT(len(characters), options.size, options.heads, options.layers, generator)
    optimizer = xg.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    steps = options.epochs * len(loader)
    schedule = xg.optim.SequentialLR(
        optimizer,
        [
            xg.optim.LinearLR(optimizer, 0.05, total_iters=50),
            xg.optim.CosineAnnealingLR(optimizer, max(steps - 50, 1), eta_min=2e-4),
        ],
        [50],
    )
    history = xg.train.fit(
        model, nn.CrossEntropyLoss(), optimizer, loader, options.epochs, held_out,
        scheduler=schedule, schedule_by="batch", clip_norm=1.0,
        amp="float16" if options.amp else None,
    )  # fmt: skip
    picture = history.plot(options.out / "char_gpt.png")
    text = write(model, characters, "Return ", 400, np.random.default_rng(options.seed))
    print(f"--- sample:\n{text}\n---\nlosses in {picture}")
    score, pairs = bits(history.last("val_loss")), bigram_bits(train, test, len(characters))
    print(f"held-out bits per character {score:.2f} (bigrams {pairs:.2f})")
    if score >= pairs and not options.any:
        raise SystemExit("expected fewer bits per character than a bigram model's")


if __name__ == "__main__":
    main()
