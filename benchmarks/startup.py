"""What starting the program costs: `luutru --help` against an empty Python, in processor time.

    python -m benchmarks.startup [RUNS]

Both are run in turn, so that a busy machine slows both; user and system time of the finished child are counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUDGET = 9.0
COMMANDS = {"python -c pass": ["-c", "pass"], "luutru --help": ["-m", "luutru", "--help"]}


def cost(arguments: list[str]) -> float:
    """Seconds of processor time that one run takes."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main(runs: int) -> int:
    """Print both costs and their ratio; 0 when it is within the budget."""
    for arguments in COMMANDS.values():
        cost(arguments)  # compiles what is not compiled yet
    costs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, arguments in COMMANDS.items():
            costs[name].append(cost(arguments))
    for name, found in costs.items():
        print(f"{name:<16} min {1000 * min(found):6.1f} ms   median {1000 * statistics.median(found):6.1f} ms")
    floor, ours = costs.values()
    ratios = min(ours) / min(floor), statistics.median(ours) / statistics.median(floor)
    print(f"ratio            min {ratios[0]:6.1f}      median {ratios[1]:6.1f}      budget {BUDGET:g}")
    return int(ratios[1] > BUDGET)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
