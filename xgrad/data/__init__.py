"""Data sets and batches."""

from xgrad.calls import publish as _publish
from xgrad.data.collate import default_collate
from xgrad.data.datasets import ConcatDataset, Dataset, Subset, TensorDataset, random_split
from xgrad.data.loader import DataLoader
from xgrad.data.sending import to_backend

__all__ = [
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "default_collate",
    "random_split",
    "to_backend",
]

_publish(globals())


def __dir__() -> list[str]:
    return __all__
