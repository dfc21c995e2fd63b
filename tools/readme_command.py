"""Print one of the README's two commands: the line after ``<!-- command: NAME -->``."""

import sys
from pathlib import Path

readme = Path(__file__).parent.parent / "README.md"
marker = f"<!-- command: {sys.argv[1]} -->"
lines = [line for line in readme.read_text().splitlines() if line.strip()]
print(lines[lines.index(marker) + 2])
