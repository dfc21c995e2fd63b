"""Shrinks a failing program as long as it fails in the same way."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tests.fuzz import checks, memory
from tests.fuzz.program import Program, written


def signature(error: BaseException) -> str:
    """Return what identifies a failure."""
    if isinstance(error, checks.Mismatch):
        return error.check.split(",")[0]
    notes = getattr(error, "__notes__", [""])
    return f"{type(error).__name__} {notes[-1]}"


def shrink(
    program: Program, seed: tuple[int, ...], error: Exception, tries: int = 400
) -> tuple[Program, Exception]:
    """Return the smallest program found that fails like ``error``, and its failure."""
    kind = signature(error)
    skipped = checks.SKIPPED.copy()
    smaller = True
    while smaller and tries > 0:
        smaller = False
        for candidate in _smaller(program):
            tries -= 1
            valid = candidate.inputs and not _writes_outside(candidate)
            found = checks.run(candidate, seed) if valid else None
            if found is not None and signature(found) == kind:
                program, error, smaller = candidate, found, True
                break
            if tries <= 0:
                break
    checks.SKIPPED.clear()
    checks.SKIPPED.update(skipped)
    return program, error


def _writes_outside(program: Program) -> bool:
    """Whether a constant is written, or an input in a program that did not write inputs."""
    names = [(s, written(s.source)) for s in program.statements if s.target is None]
    return any(
        name[0] == "c" or (name[0] == "x" and "writes an input" not in s.flags) for s, name in names
    )


def _smaller(program: Program) -> Iterator[Program]:
    """Yield smaller programs, the largest reductions first."""
    if program.thresholds != "usual":
        yield dataclasses.replace(program, thresholds="usual")
    for i in range(len(program.outputs)) if len(program.outputs) > 1 else ():
        rest = program.outputs[:i] + program.outputs[i + 1 :]
        yield dataclasses.replace(program, outputs=rest).without_dead_code()
    for i in reversed(range(len(program.statements))):
        yield from _without(program, i)
    for name, x in program.inputs.items():  # an input becomes a constant
        if len(program.inputs) > 1 and x.kind != "number":
            constant = f"c{90 + int(name[1:])}"
            inputs = {k: v for k, v in program.inputs.items() if k != name}
            yield dataclasses.replace(
                program,
                inputs=inputs,
                constants={**program.constants, constant: x},
                statements=tuple(s.renamed({name: constant}) for s in program.statements),
            )
    for group in ("inputs", "constants"):
        for name, x in getattr(program, group).items():
            if x.kind != "owned":
                owned = {**getattr(program, group), name: memory.Array(x.values, "owned")}
                yield dataclasses.replace(program, **{group: owned})
            rounded = np.round(x.values * 2) / 2
            if x.values.dtype.kind in "fc" and not np.array_equal(rounded, x.values):
                values = rounded.astype(x.values.dtype)
                changed = {**getattr(program, group), name: memory.Array(values, x.kind)}
                yield dataclasses.replace(program, **{group: changed})


def _without(program: Program, i: int) -> Iterator[Program]:
    """Return the program without a statement; readers of its target read another variable."""
    s = program.statements[i]
    rest = program.statements[:i] + program.statements[i + 1 :]
    if s.target is None:
        yield dataclasses.replace(program, statements=rest).without_dead_code()
        return
    needed = s.target in program.outputs or any(s.target in t.names() for t in rest)
    if not needed:
        yield dataclasses.replace(program, statements=rest).without_dead_code()
        return
    for other in sorted(s.names(), reverse=True) + list(program.inputs):
        names = {s.target: other}
        outputs = tuple(dict.fromkeys(names.get(n, n) for n in program.outputs))
        if any(n[0] == "x" for n in outputs) and len(outputs) > 1:
            outputs = tuple(n for n in outputs if n[0] != "x")
        statements = rest[:i] + tuple(t.renamed(names) for t in rest[i:])
        yield dataclasses.replace(
            program, statements=statements, outputs=outputs
        ).without_dead_code()
