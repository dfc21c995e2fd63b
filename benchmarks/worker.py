"""One contestant in a process of its own: runs for a while when told to on standard input."""

import pickle
import sys
import time

from contestants import CASES


def main():
    case, library = sys.argv[1:]
    step, result = CASES[case][library]()
    out = sys.stdout.buffer
    for _ in range(3):  # the state that is checked: three steps from equal starts
        step()
    pickle.dump(result(), out)
    out.flush()
    for line in sys.stdin:
        seconds, count = float(line), 0
        start = time.perf_counter()
        while True:
            step()
            count += 1
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                break
        pickle.dump(elapsed / count, out)
        out.flush()


main()
