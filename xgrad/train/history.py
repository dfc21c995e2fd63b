"""The values of each epoch of a training run."""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path


class History(Mapping[str, list[float]]):
    """The values of each quantity after each epoch, with a plot.

    Examples
    --------
    >>> from xgrad.train import History
    >>> history = History()
    >>> history.add({"loss": 2.0, "val_loss": 2.5})
    >>> history.add({"loss": 1.0, "val_loss": 1.5})
    >>> history["loss"], history.last("val_loss"), history.best("val_loss")
    ([2.0, 1.0], 1.5, (2, 1.5))
    """

    def __init__(self, values: Mapping[str, list[float]] | None = None) -> None:
        self._values = {name: list(column) for name, column in (values or {}).items()}

    def add(self, row: Mapping[str, float]) -> None:
        """Add the values of one epoch."""
        for name, value in row.items():
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> list[float]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return max((len(column) for column in self._values.values()), default=0)

    def last(self, name: str) -> float:
        """Return the latest value."""
        return self._values[name][-1]

    def best(self, name: str, mode: str = "min") -> tuple[int, float]:
        """Return the epoch, counted from 1, and the value that is smallest (or largest).

        NaN is ignored unless all values are NaN.
        """
        if mode not in ("min", "max"):
            raise ValueError(f"History.best: mode must be 'min' or 'max', got {mode!r}")
        column = self._values[name]
        positions = [i for i, value in enumerate(column) if not math.isnan(value)]
        choose = min if mode == "min" else max
        position = choose(positions or range(len(column)), key=column.__getitem__)
        return position + 1, column[position]

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Plot one panel per quantity, with training and validation values.

        Raises
        ------
        ImportError
            Without matplotlib (``pip install 'xgrad[examples]'``).
        """
        try:
            import matplotlib as mpl
        except ImportError as error:
            raise ImportError(
                "History.plot needs matplotlib; install it with: pip install matplotlib"
            ) from error
        mpl.use("Agg")
        import matplotlib.pyplot as plt

        names = [name for name in self._values if not name.startswith("val_")]
        names += [
            name
            for name in self._values
            if name.startswith("val_") and name.removeprefix("val_") not in names
        ]
        count = max(len(names), 1)
        figure, panels = plt.subplots(
            1, count, figsize=(4.5 * count, 3.5), layout="constrained", squeeze=False
        )
        for panel, name in zip(panels[0], names, strict=False):
            for key, label in ((name, "training"), (f"val_{name}", "validation")):
                if key in self._values:
                    column = self._values[key]
                    panel.plot(range(1, len(column) + 1), column, label=label)
            panel.set(xlabel="epoch", ylabel=name)
            if "loss" in name and min(self._values[name]) > 0:
                panel.set_yscale("log")
            panel.grid(alpha=0.3)
            panel.legend()
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target, dpi=120)
        plt.close(figure)
        return target

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {column[-1]:.4g}" for name, column in self._values.items())
        return f"History({self.epochs} epochs{': ' + last if last else ''})"
