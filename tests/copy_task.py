"""Does the memory pay? Models of about equal size learn to copy, from the same number of characters.

    python tests/copy_task.py                     the table in the README; no part of the test run
    python tests/copy_task.py --seeds 1 --letters 8 --model "lstm-numpy.py --hidden 48 --lr 0.05"

Each model trains on a text of data/copying.py, another one for each seed, by the command line of its script,
and is then tried on a copying text that none has seen. What counts is what it pays there for a copied
letter, one behind the mark, in bits: 0 is perfect, log2(letters) a guess. The mark cannot be foretold, and
the newline only tells that the copy has ended: neither is counted.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAPER = "--memory paper --heads 2 --hidden 24 --locations 24 --width 16"
CONTENT = "--memory content --cell standard --hidden 30 --locations 24 --width 16"
MODELS = [
    "rnn-numpy.py --hidden 85 --lr 0.02",
    "lstm-numpy.py --hidden 40 --cell standard --lr 0.1 --init_scale 0.1",
    f"dnc-numpy.py {CONTENT} --lr 0.1 --init_scale 0.1 --clip 10",
    f"dnc-numpy.py {PAPER} --lr 0.1 --init_scale 0.1 --clip 10",
]
STREAMS = 16  # the held-out text is cut into so many stretches, which are read side by side
FIRST = 250  # characters at the start of each that are read, but not counted: there a sequence begins


def run(script, *words, **more):
    """Run a script of this project, quietly, to its end."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, os.path.join(TOP, script), *map(str, words)]
    subprocess.run(words, check=True, env=environment, **({"stdout": subprocess.DEVNULL} | more))


def copying_text(path, lines, seed, args):
    """Write a copying text to a file."""
    sizes = ("--letters", args.letters, "--shortest", args.shortest, "--longest", args.longest)
    with open(path, "w") as file:
        run("data/copying.py", *sizes, "--lines", lines, "--seed", seed, stdout=file)


def load(name):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(name[:3], os.path.join(TOP, name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copied_bits(script, path, text):
    """What a saved model pays for a copied letter of a text, in bits, on average."""
    model, options = script.load_model(path)
    ids = script.to_ids(script.read_text(text, False), model["vocab"], text)
    newline, mark = (ids == model["vocab"].index(char) for char in "\n>")
    copied = (mark.cumsum() - newline.cumsum() == 1) & ~mark
    length = len(ids) // STREAMS
    ids, copied = (a[: length * STREAMS].reshape(STREAMS, length).T for a in (ids, copied))
    copied[:FIRST] = False
    state, bits = script.fresh_state(STREAMS, options), []
    for t in range(0, length - 1, 50):
        inputs, targets, counted = (a[t : t + 50].astype(int) for a in (ids[:-1], ids[1:], copied[1:]))
        probs, _, state = script.forward(model["params"], inputs, state)
        p = np.take_along_axis(probs, targets[:, None], axis=1)[:, 0]
        bits.append(-np.log2(p[counted == 1]))
    return np.concatenate(bits).mean(), sum(value.size for value in model["params"].values())


def learning_curve(words, seed, directory, args):
    """Train a model -> copied_bits at each checkpoint, and the number of its parameters."""
    name, *words = words.split()
    text, unseen, path = (
        os.path.join(directory, file) for file in ("copying.txt", "unseen.txt", f"model-{seed}.npz")
    )
    copying_text(text, args.lines, seed, args)
    copying_text(unseen, 2000, args.seeds + 1, args)
    words += ["--seqlength", args.seqlength, "--batchsize", args.batchsize, "--seed", seed]
    words += ["--timelimit", 1e9]
    began, curve = time.perf_counter(), []
    for iters in checkpoints(args):
        run(name, text, *words, "--iters", iters, "--save", path)
        words = ["--load", path, "--timelimit", 1e9]
        bits, parameters = copied_bits(load(name), path, unseen)
        curve.append(bits)
        print(
            f"  {time.perf_counter() - began:.0f} s, seed {seed}, iter {iters}, {bits:.3f} bits", flush=True
        )
    return curve, parameters


def checkpoints(args):
    """The iterations after which the models are tried: every doubling, up to the last."""
    return [args.iters >> k for k in (3, 2, 1, 0)]


def main():
    """Run the experiment that the command line asks for and print its table, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])

    def add(name, default, what):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default: {default})")

    add("letters", 26, "different letters")
    add("shortest", 1, "fewest letters before the mark")
    add("longest", 20, "most letters before the mark")
    add("lines", 2000, "lines of the text to train on")
    add("seqlength", 50, "time steps in a batch")
    add("batchsize", 8, "sequences in a batch")
    add("iters", 8000, "iterations")
    add("seeds", 6, "runs of each model")
    parser.add_argument("--model", action="append", help="script and options, may be repeated; else the four")
    args = parser.parse_args()
    millions = [iters * args.seqlength * args.batchsize / 1e6 for iters in checkpoints(args)]
    table = [["model", "parameters", *(f"{count:.1f} M characters" for count in millions)]]
    table.append(["---"] * len(table[0]))
    for words in args.model or MODELS:
        print(words, flush=True)
        with tempfile.TemporaryDirectory() as directory:
            runs = [learning_curve(words, seed, directory, args) for seed in range(1, args.seeds + 1)]
        curves = np.array([curve for curve, _ in runs])
        cells = [f"{bits.mean():.2f} ({' '.join(f'{b:.2f}' for b in bits)})" for bits in curves.T]
        table.append([f"`{words}`", str(runs[0][1]), *cells])
    for row in table:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
