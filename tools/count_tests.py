"""Add up pytest's summary lines in a log: prints ``N passed, N failed, N skipped``."""

import re
import sys
from pathlib import Path

totals = dict.fromkeys(("passed", "failed", "skipped"), 0)
for line in Path(sys.argv[1]).read_text(errors="replace").splitlines():
    if re.search(r"\bin \d+(\.\d+)?s\b", line) and " passed" in line:
        for count, word in re.findall(r"(\d+) (passed|failed|skipped)", line):
            totals[word] += int(count)
print(", ".join(f"{count} {word}" for word, count in totals.items()))
sys.exit(totals["failed"] > 0 or totals["passed"] == 0)
