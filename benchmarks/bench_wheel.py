"""How large the wheel is."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._harness import ROOT, Benchmark, Side


def main() -> None:
    """Build the wheel of this checkout and weigh it."""
    with tempfile.TemporaryDirectory(prefix="dotgnatly-bench-") as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
        subprocess.run([*command, folder, str(ROOT)], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        size = wheel.stat().st_size
    with Benchmark(name="wheel") as bench:
        bench.limit("wheel", Side([size / 1e6]), "MB", at_most=8)


if __name__ == "__main__":
    main()
