"""Whole training steps of small models."""

import numpy as np

import xgrad as xg
from tests.environment import raw
from xgrad import nn


class _Sequences(nn.Module):
    """A recurrent network over (N, T, D), with the output of the last step."""

    def __init__(self, generator):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True, generator=generator)
        self.head = nn.Linear(4, 3, generator=generator)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class _Attention(nn.Module):
    """A pre-norm block over tokens (N, T)."""

    def __init__(self, generator):
        super().__init__()
        self.embed = nn.Embedding(7, 8, generator=generator)
        self.block = nn.TransformerEncoderLayer(
            8, 2, 16, dropout=0.1, activation="gelu", batch_first=True, norm_first=True,
            generator=generator,
        )  # fmt: skip
        self.head = nn.Linear(8, 3, generator=generator)

    def forward(self, x):
        return self.head(xg.mean(self.block(self.embed(x), is_causal=True), axis=1))


def _mlp(generator):
    return nn.Sequential(
        nn.Dropout(0.2, generator=generator), nn.Linear(6, 8, generator=generator), nn.SiLU(),
        nn.Linear(8, 8, generator=generator), nn.ReLU(), nn.Linear(8, 3, generator=generator),
    )  # fmt: skip


def _convolution(generator):
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, generator=generator), nn.BatchNorm2d(2), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3, generator=generator),
    )  # fmt: skip


_RNG = np.random.default_rng(0)
#: For each kind of model, its constructor and a batch.
MODELS = {
    "mlp": (_mlp, _RNG.normal(size=(5, 6)).astype(np.float32)),
    "lstm": (_Sequences, _RNG.normal(size=(5, 4, 3)).astype(np.float32)),
    "convolution": (_convolution, _RNG.normal(size=(5, 1, 4, 4)).astype(np.float32)),
    "attention": (_Attention, _RNG.integers(0, 7, size=(5, 4))),
}
_TARGET = np.asarray([0, 2, 1, 1, 0])


class Training:
    """A model, its optimizer, scheduler and scaler, and one batch."""

    def __init__(self, kind, optimizer=xg.optim.AdamW, amp=None, clip=1.0):
        make, batch = MODELS[kind]
        self.model = make(xg.random.Generator(0))
        self.x, self.y = xg.asarray(raw(batch)), xg.asarray(raw(_TARGET))
        self.optimizer = optimizer(self.model.parameters(), lr=1e-2)
        self.scheduler = xg.optim.CosineAnnealingLR(self.optimizer, 10)
        self.amp, self.clip = amp, clip
        self.scaler = xg.amp.GradScaler(enabled=amp == "float16")

    def step(self):
        """Run forward, loss, backward, clipping, optimizer, scheduler; return the loss, unread."""

        self.optimizer.zero_grad()
        with xg.amp.autocast(self.amp or "float16", enabled=self.amp is not None):
            loss = nn.functional.cross_entropy(self.model(self.x), self.y)
        self.scaler.scale(loss).backward()
        if self.clip is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.scheduler.step()
        return loss.detach()
