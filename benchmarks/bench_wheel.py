"""How large the wheel is that was built last."""

import sys

from benchmarks._harness import ROOT, Benchmark, Side


def main() -> None:
    """Weigh it."""
    wheels = sorted((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        sys.exit("no wheel in dist/: run `make wheel` first")
    with Benchmark(name="wheel") as bench:
        bench.limit("wheel", Side([wheels[-1].stat().st_size / 1e6]), "MB", at_most=8)


if __name__ == "__main__":
    main()
