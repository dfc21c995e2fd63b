"""The training text of the character models: the documentation of Python's standard library."""

import ast
import math
import sysconfig
from pathlib import Path

import numpy as np

MODULES = (
    *("argparse", "ast", "bisect", "calendar", "codecs", "collections", "configparser", "copy"),
    *("csv", "datetime", "decimal", "difflib", "doctest", "enum", "fractions", "functools"),
    *("heapq", "inspect", "ipaddress", "json", "logging", "mailbox", "optparse", "os"),
    *("pathlib", "pickle", "pprint", "random", "shelve", "shutil", "statistics", "string"),
    *("subprocess", "tarfile", "textwrap", "threading", "typing", "unittest", "uuid", "zipfile"),
)


def corpus():
    """Return all docstrings of some modules as one ASCII text."""
    library = Path(sysconfig.get_paths()["stdlib"])
    texts = []
    for name in MODULES:
        path = library / f"{name}.py"
        files = [path] if path.exists() else sorted((library / name).glob("*.py"))
        for file in files:
            tree = ast.parse(file.read_text(encoding="utf-8"))
            kinds = ast.Module | ast.ClassDef | ast.FunctionDef
            for node in ast.walk(tree):
                if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                    texts.append(text)
    whole = "\n\n".join(texts)
    return "".join(c for c in whole if c == "\n" or 32 <= ord(c) < 127)


def encoded(text):
    """Return the sorted characters, and the text as their indices."""
    characters = sorted(set(text))
    number = {c: i for i, c in enumerate(characters)}
    return characters, np.asarray([number[c] for c in text], dtype=np.int64)


def bigram_bits(train, test, count):
    """Return the bits per character of a bigram model with add-one smoothing."""
    pairs = np.ones((count, count))
    np.add.at(pairs, (train[:-1], train[1:]), 1)
    probabilities = pairs / pairs.sum(1, keepdims=True)
    return float(-np.log2(probabilities[test[:-1], test[1:]]).mean())


def segments(numbers, length):
    """Cut a text into inputs and targets (N, length), the targets one character later."""
    count = (len(numbers) - 1) // length
    inputs = numbers[: count * length].reshape(count, length)
    targets = numbers[1 : count * length + 1].reshape(count, length)
    return inputs, targets


def bits(nats):
    """Convert a loss with natural logarithms to bits."""
    return nats / math.log(2)
