"""Write modules into the scratch folder, where the process starts, and hope that the next one imports them.

step: tiny/lists
allowed: wrong crashed
"""

import os
import sys

for name in ("json", "random", "struct", "sitecustomize", "course"):
    with open(f"{name}.py", "w") as file:
        file.write("raise SystemExit(0)")
sys.path.insert(0, os.getcwd())


def total(values):
    return 0


running = halve = total
