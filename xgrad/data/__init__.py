"""Data sets and batches."""

from xgrad.data.datasets import TensorDataset
from xgrad.data.loader import DataLoader

__all__ = ["DataLoader", "TensorDataset"]
