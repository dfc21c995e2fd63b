"""A run of many programs: counts, failures, drawn functions and skipped comparisons."""

import time
import traceback
from collections import Counter
from typing import Any

import xgrad as xg
from tests.environment import DEVICE, NAME, SESSION
from tests.fuzz import checks
from tests.fuzz.drawing import OPERATIONS
from tests.fuzz.generator import generate
from tests.fuzz.shrinking import shrink, signature


def run(options: Any) -> int:
    """Run programs; print failures as code, and a summary like pytest's."""
    xg.set_backend(NAME, DEVICE)
    started = time.perf_counter()
    drawn: Counter[str] = Counter()
    passed = failed = 0
    seen: Counter[str] = Counter()
    for number in range(options.first, options.first + options.programs):
        seed = (options.seed, number)
        program = generate(seed)
        if program is None:
            continue
        drawn.update(program.functions)
        done = number + 1 - options.first
        if done % 5000 == 0:
            print(f"-- {done} programs, {failed} failed", flush=True)
        error = checks.run(program, seed)
        if error is None:
            passed += 1
            continue
        failed += 1
        small, error = shrink(program, seed, error)
        kind = signature(error) + " " + " ".join(sorted(small.functions))
        seen[kind] += 1
        if seen[kind] == 1:
            print(f"\n== program {number} of seed {options.seed} on {SESSION} fails")
            print(small.printed())
            print("".join(traceback.format_exception(error)[-options.lines :]), flush=True)
        if len(seen) >= options.failures:
            break
    for kind, count in seen.most_common():
        print(f"{count:6d} x {kind}")
    for reason, count in checks.SKIPPED.most_common():
        print(f"{count:6d} not compared: {reason}")
    seconds = time.perf_counter() - started
    print(f"{len(drawn)} functions drawn on {SESSION}")
    never = sorted({op.name for op in OPERATIONS} - set(drawn))
    if never and options.programs >= 1000:
        print(f"never drawn: {', '.join(never)}")
    print(f"===== {failed} failed, {passed} passed in {seconds:.2f}s =====")
    return 1 if failed else 0
