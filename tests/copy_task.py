"""Does the memory pay? Models of about equal size learn to copy, from the same number of characters.

    python tests/copy_task.py                     the table in the README; no part of the test run
    python tests/copy_task.py --seeds 1 --model "lstm-numpy.py --hidden 48 --lr 0.05"

Each model trains on a text of data/copying.py, another one for each seed, with the functions and options of
its own script, and is then tried on such a text that it has never seen. What counts is what it pays there
for a copied letter, one behind the mark, in bits: 0 is perfect, log2(letters) a guess. The mark cannot be
foretold, and the newline only tells that the copy has ended: neither is counted.
"""

import argparse
import importlib.util
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the fastest at these sizes; only before NumPy is loaded

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODELS = [
    "rnn-numpy.py --hidden 64 --lr 0.05",
    "lstm-numpy.py --hidden 32 --lr 0.1 --init_scale 0.1",
    "dnc-numpy.py --memory content --hidden 30 --lr 0.1 --init_scale 0.1",
    "dnc-numpy.py --memory paper --hidden 24 --lr 0.1 --init_scale 0.1",
]


def load(name):
    """A file of this project as a module."""
    spec = importlib.util.spec_from_file_location("loaded", os.path.join(TOP, name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copying_ids(lines, seed, args):
    """A copying text -> its characters as ids (T,), and the vocabulary (M,), sorted: newline, mark, letters"""
    text = load("data/copying.py").copying_lines(seed, lines, args.letters, args.shortest, args.longest)
    codes = np.frombuffer("".join(text).encode(), np.uint8)
    vocab, ids = np.unique(codes, return_inverse=True)
    return ids, vocab


def held_out(args):
    """Texts that no model trains on, all of them whole lines at the start -> ids (T, streams)"""
    streams = [copying_ids(2000 // args.shortest, 10**6 + k, args)[0] for k in range(args.streams)]
    shortest = min(len(ids) for ids in streams)
    return np.stack([ids[: min(shortest, 2000)] for ids in streams], axis=1)


def copied_bits(script, model, ids, options):
    """Bits that the model pays for a copied letter of ids (T, streams), on average."""
    newlines, marks = (ids == 0), (ids == 1)
    copied = (marks.cumsum(axis=0) - newlines.cumsum(axis=0) == 1) & ~marks
    state = script.as_type(script.new_state(np.random.default_rng(0), ids.shape[1], options), np.float32)
    S, bits = options["seqlength"], []
    for t in range(0, len(ids) - 1, S):
        inputs, targets, counted = ids[:-1][t : t + S], ids[1:][t : t + S], copied[1:][t : t + S]
        probs, _, state = script.forward(model["params"], inputs, state)
        p = np.take_along_axis(probs, targets[:, None], axis=1)[:, 0]
        bits.append(-np.log2(p[counted]))
    return np.concatenate(bits).mean()


def learning_curve(words, seed, args):
    """Train a model -> the number of its parameters, and copied_bits at each checkpoint."""
    name, *words = words.split()
    script = load(name)
    words += ["--seqlength", str(args.seqlength), "--batchsize", str(args.batchsize), "--seed", str(seed)]
    options = script.read_options(words)
    ids, vocab = copying_ids(args.lines, seed, args)
    unseen = held_out(args)
    model = script.new_model(vocab, options)
    flat, model["params"] = script.in_one(model["params"])
    sums = np.zeros_like(flat)
    checkpoints = [args.iters >> k for k in (3, 2, 1, 0)]
    curve = []
    began = time.perf_counter()
    for iteration in range(1, args.iters + 1):
        inputs, targets = script.next_batch(model, ids, options)
        _, grads, model["state"] = script.train(model["params"], inputs, targets, model["state"])
        g = np.concatenate([grads[name].ravel() for name in model["params"]])
        script.adagrad(flat, sums, g, options["lr"], options["clip"])
        if iteration in checkpoints:
            curve.append(copied_bits(script, model, unseen, options))
            seconds = time.perf_counter() - began
            print(f"  seed {seed}, iter {iteration}, {curve[-1]:.3f} bits, {seconds:.0f} s", flush=True)
    return flat.size, curve


def main():
    """Run the experiment that the command line asks for and print its table, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])

    def add(name, default, what):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} (default: {default})")

    add("letters", 8, "different letters")
    add("shortest", 1, "fewest letters before the mark")
    add("longest", 20, "most letters before the mark")
    add("lines", 20000, "lines of the text to train on")
    add("streams", 16, "held-out texts")
    add("seqlength", 50, "time steps in a batch")
    add("batchsize", 16, "sequences in a batch")
    add("iters", 4000, "iterations")
    add("seeds", 3, "runs of each model")
    parser.add_argument("--model", action="append", help="script and options, may be repeated; else the four")
    args = parser.parse_args()
    rows = []
    for words in args.model or MODELS:
        print(words, flush=True)
        runs = [learning_curve(words, seed, args) for seed in range(1, args.seeds + 1)]
        curves = np.array([curve for _, curve in runs])
        cells = [f"{bits.mean():.2f} ({' '.join(f'{b:.2f}' for b in bits)})" for bits in curves.T]
        rows.append([f"`{words}`", f"{runs[0][0]}", *cells])
    characters = [(args.iters >> k) * args.seqlength * args.batchsize / 1e6 for k in (3, 2, 1, 0)]
    head = ["model", "parameters", *(f"{millions:.1f} M characters" for millions in characters)]
    for row in [head, ["---"] * len(head), *rows]:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    sys.exit(main())
