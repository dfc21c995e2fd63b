"""``python -m tests.fuzz --programs N --seed S``."""

import argparse
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--backend", help="as XGRAD_TEST_BACKEND")
    parser.add_argument("--failures", type=int, default=20, help="stop after this many failures")
    parser.add_argument("--lines", type=int, default=3, help="number of traceback lines to print")
    options = parser.parse_args()
    if options.backend:
        os.environ["XGRAD_TEST_BACKEND"] = options.backend
    from tests.fuzz import session

    return session.run(options)


if __name__ == "__main__":
    sys.exit(main())
