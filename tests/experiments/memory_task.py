"""Does the memory pay? Models of about equal size learn a task, from the same number of characters.

    python tests/experiments/memory_task.py copying           the table in README.md, beside this file
    python tests/experiments/memory_task.py recall --seeds 1 2 --models "lstm-numpy.py --hidden 48 --lr 0.05"

Each model trains on a text of data/tasks.py, another one for each seed, by the command line of its script,
and is tried now and then on a text of the same kind that none has seen. What counts is what it pays there for
a character that it can know, a copied letter or a digit that was asked for, in bits: 0 is perfect,
log2(letters) or log2(10) a guess. --keep keeps the models, and the figures as a table for figures.py.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where helpers.py is
from helpers import ROOT, load, new_state

PAPER = "dnc-numpy.py --memory paper --locations 32 --width 16 --lr 0.1 --init_scale 0.1 --clip 1"
CONTENT = "dnc-numpy.py --cell standard --locations 32 --width 16 --lr 0.1 --init_scale 0.1 --clip 1"
MODELS = {
    "copying": {
        "rnn": "rnn-numpy.py --hidden 140 --lr 0.02",
        "lstm": "lstm-numpy.py --hidden 67 --cell standard --lr 0.1 --init_scale 0.1",
        "content": f"{CONTENT} --hidden 55",
        "complete": f"{PAPER} --heads 2 --hidden 48",
    },
    "recall": {
        "rnn": "rnn-numpy.py --hidden 140 --lr 0.02",
        "lstm": "lstm-numpy.py --hidden 66 --cell standard --lr 0.1 --init_scale 0.1",
        "content": f"{CONTENT} --hidden 55",
        "complete": f"{PAPER} --heads 2 --hidden 48",
    },
}
SIZES = {"copying": ("--letters", 26, "--longest", 20), "recall": ("--letters", 26, "--longest", 8)}
STREAMS = 16  # the unseen text is cut into so many, which are read side by side, each from a fresh state


def run(script, *words, **more):
    """Run a script of this project, quietly, to its end."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, str(ROOT / script), *map(str, words)]
    subprocess.run(words, check=True, env=environment, **({"stdout": subprocess.DEVNULL} | more))


def task_text(path, task, lines, seed):
    """Write a text of data/tasks.py to a file."""
    with open(path, "w") as file:
        run("data/tasks.py", task, *SIZES[task], "--lines", lines, "--seed", seed, stdout=file)


def answer_bits(script, path, text):
    """What a saved model pays for a character that it can know, in bits, on average; its parameters."""
    model, options = script.load_model(path)
    lines = script.read_text(text, False).splitlines(keepends=True)
    streams = ["".join(lines[k::STREAMS]) for k in range(STREAMS)]
    length = min(map(len, streams))
    text = np.array([list(stream[:length]) for stream in streams]).T
    # after the mark of copying all up to the newline, after that of recall what follows the letter
    asked = np.roll(text, 2, axis=0) == "?"
    copied = ((text == ">").cumsum(axis=0) > (text == "\n").cumsum(axis=0)) & (text != ">")
    counted = asked | copied
    state = new_state(script, options, STREAMS)
    bits = []
    ids = script.to_ids("".join(text.ravel()), model["vocab"], path).reshape(text.shape).astype(int)
    for t in range(0, length - 1, 50):
        inputs, targets, here = ids[t : min(t + 50, length - 1)], ids[t + 1 : t + 51], counted[t + 1 : t + 51]
        probs, _, state = script.forward(model["params"], inputs, state)
        p = np.take_along_axis(probs, targets[:, None], axis=1)[:, 0]
        bits.append(-np.log2(np.maximum(p[here], 1e-38)))
    return np.concatenate(bits).mean(), sum(value.size for value in model["params"].values())


def learning_curve(words, seed, path, directory, args):
    """Train a model, saved at path -> answer_bits at each checkpoint, and the number of its parameters."""
    name, *words = words.split()
    text, unseen = os.path.join(directory, "text.txt"), os.path.join(directory, "unseen.txt")
    task_text(text, args.task, args.lines, seed)
    task_text(unseen, args.task, 2000, 1000)
    words += ["--seqlength", args.seqlength, "--batchsize", args.batchsize, "--restart", args.restart]
    words += ["--seed", seed]
    began, curve = time.perf_counter(), []
    for iters in checkpoints(args):
        run(name, text, *words, "--iters", iters, "--save", path, "--timelimit", 1e9)
        words = ["--load", path]
        bits, parameters = answer_bits(load(name), path, unseen)
        curve.append(bits)
        took = time.perf_counter() - began
        print(f"  {took:.0f} s, seed {seed}, iter {iters}, {bits:.3f} bits", flush=True)
    return curve, parameters


def checkpoints(args):
    """The iterations after which the models are tried."""
    return [args.iters * (k + 1) // args.checkpoints for k in range(args.checkpoints)]


def main():
    """Run the experiment that the command line asks for and print its table, in Markdown."""
    formatter = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=formatter)
    parser.add_argument("task", choices=MODELS)
    parser.add_argument("--lines", type=int, default=20000, help="lines of the text to train on")
    parser.add_argument("--seqlength", type=int, default=50, help="time steps in a batch")
    parser.add_argument("--batchsize", type=int, default=8, help="sequences in a batch")
    parser.add_argument("--restart", type=float, default=0.5, help="chance a batch to begin afresh")
    parser.add_argument("--iters", type=int, default=8000, help="iterations")
    parser.add_argument("--checkpoints", type=int, default=16, help="times that a model is tried")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6], help="a run for each")
    parser.add_argument("--models", nargs="+", help="rnn, lstm, content, complete, or scripts with options")
    parser.add_argument("--keep", help="directory for the models and TASK.dat, to which each run adds a line")
    args = parser.parse_args()
    millions = args.seqlength * args.batchsize / 1e6 * np.array(checkpoints(args))
    shown = [k for k in range(args.checkpoints) if (args.checkpoints - 1 - k) in (0, 8, 12)]
    columns = [f"{millions[k]:.1f} M characters" for k in shown]
    table = [["model", "parameters", *columns], ["---"] * (2 + len(shown))]
    for name in args.models or MODELS[args.task]:
        words, label, curves = MODELS[args.task].get(name, name), name.split()[0], []
        print(words, flush=True)
        with tempfile.TemporaryDirectory() as directory:
            keep = args.keep or directory
            os.makedirs(keep, exist_ok=True)
            for seed in args.seeds:
                path = os.path.join(keep, f"{args.task}-{label}-{seed}.npz")
                curve, parameters = learning_curve(words, seed, path, directory, args)
                curves.append(curve)
                with open(os.path.join(keep, f"{args.task}.dat"), "a") as file:
                    pairs = (f"{x:g}:{y:.4f}" for x, y in zip(millions, curve, strict=True))
                    print(label, seed, *pairs, file=file)
        cells = [f"{b.mean():.2f} ({' '.join(f'{x:.2f}' for x in b)})" for b in np.array(curves).T[shown]]
        table.append([f"`{words}`", str(parameters), *cells])
    for row in table:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
