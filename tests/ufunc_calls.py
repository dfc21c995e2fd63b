"""Calls of NumPy's ufuncs, and of their methods, whose results NumPy defines.

`CALLS` and `METHODS` give for a ufunc a list of ``(label, f)``: ``f(ufunc, array)`` makes the call,
where ``array`` turns a NumPy array into the operand to test (a Tensor, or the array itself).
"""

import numpy as np

#: Every ufunc of NumPy.
NAMES = sorted(n for n in dir(np) if isinstance(getattr(np, n), np.ufunc))
UFUNCS = list(dict.fromkeys(getattr(np, n) for n in NAMES))
SIMPLE = [u for u in UFUNCS if u.signature is None and u is not np.isnat]
BINARY = [u for u in SIMPLE if u.nin == 2]
GENERALIZED = [u for u in UFUNCS if u.signature is not None]

DTYPES = ("f8", "f4", "f2", "i8", "i1", "u1", "bool", "c16", "c8")
MIXED = (
    *(("f4", "i8"), ("i1", "f4"), ("i8", "i1"), ("f8", "c8"), ("u1", "i1"), ("f2", "i1")),
    *(("bool", "f4"), ("f4", "f8")),
)
MASK = np.array([[True, False, True], [False, True, True]])
_REALS = np.array([[0.3, 0.6, 0.9], [0.27, 0.52, 0.7]])
_WHOLE = np.array([[1, 2, 3], [4, 2, 5]])


def operand(dtype, shift=0):
    """Return an array of shape (2, 3) that suits nearly every ufunc."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([[True, False, True], [True, True, shift > 0]])
    if dtype.kind in "iu":
        return (_WHOLE + shift).astype(dtype)
    x = _REALS + 0.05 * shift
    return (x + 1j * x[::-1] if dtype.kind == "c" else x).astype(dtype)


def smooth(ufunc):
    """Return float64 operands at which a ufunc is smooth."""
    first = operand("f8") + (ufunc is np.arccosh)
    second = _WHOLE if ufunc is np.ldexp else operand("f8", 1)
    return (first, second)[: ufunc.nin]


def _outs(ufunc, like, array):
    """Return arrays for ``out=``, of the shapes and dtypes of results."""
    parts = like if isinstance(like, tuple) else (like,)
    outs = tuple(array(np.full(np.shape(p), 3, np.asarray(p).dtype)) for p in parts)
    return outs if ufunc.nout > 1 else outs[0]


def _with_out(ufunc, inputs, array, **keywords):
    out = _outs(ufunc, ufunc(*map(np.asarray, inputs)), array)
    tested = (array(inputs[0]), *inputs[1:])
    result = ufunc(*tested, out=out, **keywords)
    pairs = zip(result, out, strict=True) if ufunc.nout > 1 else [(result, out)]
    assert all(r is o for r, o in pairs)
    return result


def calls(ufunc):
    """Return calls of a ufunc."""
    found = []
    pairs = [(d, d) for d in DTYPES] + list(MIXED if ufunc.nin == 2 else ())
    for d, e in pairs:
        x = operand(d) + (ufunc is np.arccosh and d[0] == "f")
        x = x.astype(d)
        y = operand("i8" if ufunc is np.ldexp and e[0] == "f" else e, 1)
        inputs = (x, y)[: ufunc.nin]
        rest = inputs[1:]
        found.append((f"{d},{e}", lambda u, array, x=x, rest=rest: u(array(x), *rest)))
        if ufunc.nin == 2:
            found.append((f"{d},{e} right", lambda u, array, x=x, y=y: u(x, array(y))))
            found.append((f"{d},{e} outer", lambda u, array, x=x, y=y: u.outer(array(x), y)))
        if d == e and ufunc.nin == 2:
            for s in (2, 1.5, True, 2j, [1, 2, 3]):
                found.append((f"{d},{s}", lambda u, array, x=x, s=s: u(array(x), s)))
                found.append((f"{s},{d}", lambda u, array, x=x, s=s: u(s, array(x))))
        if (d, e) not in (("f8", "f8"), ("i8", "i8"), ("f4", "f4"), ("f4", "i8")):
            continue
        found.append((f"{d},{e} out", lambda u, array, i=inputs: _with_out(u, i, array)))
        found.append(
            (
                f"{d},{e} where and out",
                lambda u, array, i=inputs: _with_out(u, i, array, where=MASK),
            )
        )
        found += [
            (
                f"{d},{e} dtype={dtype} {casting}",
                lambda u, array, x=x, rest=rest, dtype=dtype, casting=casting: u(
                    array(x), *rest, dtype=dtype, casting=casting
                ),
            )
            for dtype in ("f4", "f8", "c16", "i4", "bool")
            for casting in ("same_kind", "unsafe")
        ]
    return found


_REDUCE = [
    {}, {"axis": None}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)},
    {"axis": (0,), "keepdims": True}, {"axis": ()}, {"axis": 2}, {"axis": 0, "dtype": "f8"},
    {"axis": 1, "dtype": "f4"}, {"initial": 2}, {"axis": 1, "initial": 1, "keepdims": True},
    {"initial": None}, {"axis": 1, "where": MASK}, {"axis": 0, "initial": 2, "where": MASK},
    {"axis": None, "initial": 2, "where": MASK[0]},
]  # fmt: skip
_ACCUMULATE = [
    {},
    {"axis": 1},
    {"axis": -1},
    {"axis": 0, "dtype": "f8"},
    {"axis": None},
    {"axis": 3},
]
_REDUCEAT = [
    ([0, 1], {}), ([0, 2], {"axis": 1}), ([1, 0, 2], {"axis": 1}), ([0, 2, 2], {"axis": -1}),
    ([0, 3], {"axis": 1}), ([], {}),
]  # fmt: skip


def _at(ufunc, x, array, key, *others):
    x = array(x.copy())
    ufunc.at(x, key, *others)
    return x


def methods(ufunc):
    """Return calls of the methods of a ufunc."""
    found = []
    for d in DTYPES:
        x, y = operand(d), operand(d, 1)
        none = x[:0]
        found += [
            (f"{d} reduce {k}", lambda u, array, x=x, k=k: u.reduce(array(x), **k)) for k in _REDUCE
        ]
        found += [
            (f"{d} accumulate {k}", lambda u, array, x=x, k=k: u.accumulate(array(x), **k))
            for k in _ACCUMULATE
        ]
        for label, z, k in (
            ("empty", none, {}),
            ("empty rows", none, {"axis": 1}),
            ("empty, initial", none, {"initial": 1}),
            ("empty, negative", none, {"initial": 1 if d[0] in "ub" else -2}),
            (
                "nothing selected",
                x,
                {"initial": 1 if d[0] in "ub" else -2, "where": np.zeros((2, 3), bool)},
            ),
            ("0-d", x[0, 0], {}),
            ("one", -x[:, :1] if d[0] in "fic" else x[:, :1], {"axis": 1}),
            ("one, no initial value", -x[:1] if d[0] in "fic" else x[:1], {"initial": None}),
            ("no axes", -x if d[0] in "fic" else x, {"axis": ()}),
            ("0-d, axis", x[0, 0], {"axis": -1, "keepdims": True}),
        ):
            found.append(
                (f"{d} reduce {label}", lambda u, array, z=z, k=k: u.reduce(array(z), **k))
            )
        for label, z in (("empty", none), ("0-d", x[0, 0])):
            found.append((f"{d} accumulate {label}", lambda u, array, z=z: u.accumulate(array(z))))
        for i, k in _REDUCEAT:
            i = np.array(i, dtype=int)
            found.append(
                (
                    f"{d} reduceat {i} {k}",
                    lambda u, array, x=x, i=i, k=k: u.reduceat(array(x), i, **k),
                )
            )
        for key, others in (
            ([0, 1, 0], (y[0],)),
            ((slice(None), [0, 2, 2]), (y[0],)),
            ([0, 0], (2,)),
            (x.real > 0.4, (y[0, 0],)),
            ([], (y[0],)),
        ):
            others = others[: ufunc.nin - 1]
            found.append(
                (
                    f"{d} at {key}",
                    lambda u, array, x=x, key=key, o=others: _at(u, x, array, key, *o),
                )
            )
    return found
