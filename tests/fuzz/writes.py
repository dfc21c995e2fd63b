"""Writes into arrays and into views of them."""

from tests.fuzz.drawing import Draw, Unfit, operation


def _target(d: Draw, ndim: tuple[int, int] = (0, 4)) -> str:
    return d.array("fc", ndim, lambda x: any(x is d.values[n] for n in d.writable))


def _value(d: Draw, x: str, key: str) -> str:
    """Return a variable or a number that can be written at a key."""
    space = {"np": __import__("numpy"), x: d.value(x), **d.values, **d.constants}
    try:
        part = eval(f"{x}[{key}]", space)  # noqa: S307 - our own text
    except (IndexError, ValueError):
        raise Unfit from None
    kinds = "f" if d.value(x).dtype.kind == "f" else "fc"
    shape = getattr(part, "shape", ())

    def fits(v: object) -> bool:
        own = v.shape  # type: ignore[attr-defined]
        return len(own) <= len(shape) and all(
            a in (1, b) for a, b in zip(own[::-1], shape[::-1], strict=False)
        )

    names = d.names(kinds, fits=fits)
    if not names or d.chance(0.2):
        return d.number()
    value = d.choice(names)
    if d.chance(0.3):
        return f"{value} * {d.number()}"
    return value


@operation("write", flags=["write"], weight=4.0)
def _setitem(d: Draw, name: str) -> str:
    x = _target(d, (1, 4))
    key = d.basic_key(x)
    operator = d.choice(["=", "=", "=", "+=", "*=", "-="])
    return f"{x}[{key}] {operator} {_value(d, x, key)}"


@operation("write", flags=["write"], weight=2.0)
def _setitem_advanced(d: Draw, name: str) -> str:
    x = _target(d, (1, 3))
    key, mask = d.advanced_key(x)
    value = _value(d, x, key)
    if mask and value[0] in "vxc":
        value = d.number()
    return f"{x}[{key}] {d.choice(['=', '=', '+='])} {value}"


@operation("write", flags=["write"], weight=3.0)
def _inplace(d: Draw, name: str) -> str:
    x = _target(d)
    return f"{x} {d.choice(['+=', '*=', '-='])} {_value(d, x, '...')}"


@operation("write", flags=["write"], weight=3.0)
def _methods(d: Draw, name: str) -> str:
    x = _target(d, (1, 3))
    value = d.value(x)
    if not value.size:
        raise Unfit
    axis, length = d.axis(x), value.size
    number = d.choice([d.number(), f"{d.array('f', 0)} * 2"]) if d.names("f", 0) else d.number()
    start, stop = sorted(d.integer(0, length) for _ in range(2))
    values = number  # (a copy: NumPy's flat reads elements that it has written)
    if d.names("f", 1):
        values = f"{d.array('f', 1)} * 0.5"
    calls = [
        f"{x}.fill({number})",
        f"{x}.flat = {values}",
        f"{x}.flat[{start}:{stop}] = {values}",
        f"{x}.flat[{d.integer(-length, length - 1)}] = {number}",
        f"{x}.T.flat[{start}:{stop}] = {number}",
        f"{x}.flat[{d.constant(d.rng.permutation(length)[:2])}] = {number}",
        f"{x}.put({d.constant(d.rng.permutation(length)[:2])}, {values})",
        f"{x}.real = {number}",
        f"{x}.T[0] = {number}",
    ]
    if value.dtype.kind == "c":
        calls += [f"{x}.imag = {number}", f"{x}.imag[0] = {number}"]
    else:
        calls += [
            f"{x}.sort()",
            f"{x}.sort({axis})",
            f"{x}.partition({[*range(value.shape[axis])]}, {axis})",
        ]
    return d.choice(calls)


@operation("write", flags=["write"])
def _inplace_divide(d: Draw, name: str) -> str:
    return f"{_target(d)} /= {d.choice(['2.0', '-3', '6.0'])}"
