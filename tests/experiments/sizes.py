"""Does every size learn, with no option but --hidden? A table of validation BPC.

    python tests/experiments/sizes.py             the table; no part of the test run
    python tests/experiments/sizes.py --models rnn lstm --sizes 32 512 --seeds 1 2 3

Each model trains on the text in data/ by the command line of its script, with the last tenth of the text
held out, for fewer iterations the larger it is. A cell shows the bits per character of that tenth at the
end, seed after seed, and the most that is expected of the worst seed, if anything is. The exit status is 1
if a run stays above that or fails.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ITERATIONS = {32: 3000, 64: 2000, 100: 1500, 128: 1500, 256: 1000, 512: 500}
SCRIPTS = {
    "rnn": ["rnn-numpy.py"],
    "lstm": ["lstm-numpy.py"],
    "content": ["dnc-numpy.py"],
    "complete": ["dnc-numpy.py", "--memory", "paper"],
    "debug": ["dnc-debug.py"],
}
MOST = {
    "rnn": {32: 2.62, 128: 2.45, 256: 2.45, 512: 2.80},
    "lstm": {32: 2.36, 128: 2.18, 256: 2.17, 512: 2.36},
    "content": {32: 2.36, 128: 2.18, 256: 2.17, 512: 2.40},
    "complete": {32: 2.52, 128: 2.27, 256: 2.36},
    "debug": {},
}


def iterations(model, hidden):
    """How long a model of a size trains; the complete memory, whose iterations take longest, half of it."""
    return ITERATIONS[hidden] // 2 if model == "complete" else ITERATIONS[hidden]


def validation(model, hidden, seed):
    """Train a model by its command line -> its BPC on the held-out tenth; infinite if the run failed."""
    script, *words = SCRIPTS[model]
    words += ["--hidden", hidden, "--holdout", 0.1, "--iters", iterations(model, hidden), "--seed", seed]
    words += ["--timelimit", 1e9]  # it is the iterations that end a run, on a slow machine too
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / script), *map(str, words)]
    with tempfile.TemporaryDirectory() as directory:  # where dnc-debug.py leaves its logs
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=directory)
    figures = re.findall(r"validation: (\S+) BPC", ended.stdout)
    if ended.returncode or not figures:
        print(ended.stderr, end="", file=sys.stderr)
        return float("inf")
    return float(figures[-1])


def main():
    """Run the experiment that the command line asks for and print its table, in Markdown -> exit status."""
    formatter = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=formatter)
    add = parser.add_argument
    models = ["rnn", "lstm", "content", "complete"]
    add("--models", nargs="+", choices=SCRIPTS, default=models, help="models to train")
    add("--sizes", nargs="+", type=int, choices=ITERATIONS, default=[32, 128, 256, 512], help="hidden units")
    add("--seeds", nargs="+", type=int, default=[14, 15, 16], help="a run for each")
    args = parser.parse_args()
    missed = False
    print(f"| hidden, iterations | {' | '.join(args.models)} |")
    print("|---" * (1 + len(args.models)) + "|", flush=True)
    for hidden in args.sizes:
        cells = [f"{hidden}, {ITERATIONS[hidden]:,}"]
        for model in args.models:
            if model == "complete" and hidden > 256:
                cells.append("-")
                continue
            figures = [validation(model, hidden, seed) for seed in args.seeds]
            most = MOST[model].get(hidden)
            cell = " ".join(f"{figure:.2f}" for figure in figures)
            if most is None:
                cells.append(cell)
                missed = missed or float("inf") in figures
            else:
                cells.append(f"{cell} (at most {most:.2f})")
                missed = missed or max(figures) > most
        print(f"| {' | '.join(cells)} |", flush=True)
    print("\nThe complete memory trains for half the iterations.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
