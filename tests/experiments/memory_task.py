"""Does the memory pay? Models learn to copy or to look up, from the same number of characters.

    python tests/experiments/memory_task.py recall --keep runs        a row for each model, in Markdown
    python tests/experiments/memory_task.py copying --seeds 1 2 --models complete "lstm-numpy.py --hidden 48"

Each model trains on a text of data/tasks.py, another one for each seed, by the command line of its script,
and is tried now and then on 2,000 lines that none has seen. What counts is what it pays there for a character
that it can know, a copied letter or the digit of a letter that stood in the line before, in bits: 0 is
perfect, log2(26) or log2(10) a guess. "Reads at 0" is the same model with all that it reads from its memory
set to 0: what is lost is what the memory does. --keep keeps the models, and the curves for figures.py.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where helpers.py is
from helpers import ROOT, load, new_state

PAPER = "dnc-numpy.py --memory paper --locations 32"
MODELS = {
    "copying": {
        "rnn": "rnn-numpy.py --hidden 140",
        "lstm": "lstm-numpy.py --hidden 67 --cell standard --lr 0.8 --init_scale 0.3",
        "content": "dnc-numpy.py --cell standard --locations 32 --width 16 --hidden 55",
        "complete": f"{PAPER} --heads 2 --width 16 --hidden 48 --lr 0.2",
    },
    "recall": {
        "rnn": "rnn-numpy.py --hidden 88",
        "lstm": "lstm-numpy.py --hidden 42 --cell standard --lr 1.6",
        "lstm4": "lstm-numpy.py --hidden 100 --cell standard --lr 1.6 --init_scale 0.3",
        "content": "dnc-numpy.py --cell standard --locations 32 --width 32 --hidden 25",
        "complete": f"{PAPER} --width 32 --hidden 24 --init_scale 0.3",
    },
}
TEXTS = {"copying": "--letters 26 --longest 20", "recall": "--letters 26 --keys 16 --pairs 24"}
SEQLENGTH = {"copying": 50, "recall": 75}  # longer than a line
STREAMS = 16  # the unseen text is cut into so many, which are read side by side, each from a fresh state


def run(script, *words, **more):
    """Run a script of this project, quietly, to its end."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    words = [sys.executable, str(ROOT / script), *map(str, words)]
    subprocess.run(words, check=True, env=environment, **({"stdout": subprocess.DEVNULL} | more))


def write_text(path, args, lines, seed):
    """Write a text of data/tasks.py to a file."""
    with open(path, "w", encoding="utf-8") as file:
        words = [args.task, *args.text.split(), "--lines", lines, "--seed", seed]
        run("data/tasks.py", *words, stdout=file)


def knowable(line):
    """Which characters of a line can be known: a copied letter, and the newline after them; or the digit of a
    letter that stood in the line before."""
    if ">" in line:
        return [k > line.index(">") for k in range(len(line))]
    return [k % 2 == 1 and line.index(line[k - 1]) < k - 1 for k in range(len(line))]


def answer_bits(script, path, text, reads=1, before=0):
    """What a saved model pays for a character that it can know -> bits, mean; share that it finds likeliest.

    reads: what is read from the memory counts so much, 1 or 0; before: lines of each stream that are read
    first and do not count.
    """
    model, options = script.load_model(path)
    params = dict(model["params"])
    for name in {"Wrh", "Wry"} & set(params):
        params[name] = reads * params[name]
    lines = script.read_text(text, False).splitlines(keepends=True)
    streams = [lines[k::STREAMS] for k in range(STREAMS)]
    length = min(len("".join(stream)) for stream in streams)
    ids = [script.to_ids("".join(stream)[:length], model["vocab"], text) for stream in streams]
    ids = np.array(ids).T
    counts = [[k >= before and known for k, line in enumerate(stream) for known in knowable(line)][:length]
              for stream in streams]  # fmt: skip
    counts = np.array(counts).T
    state = new_state(script, params, options, STREAMS)
    bits, right = [], []
    for t in range(0, length - 1, 50):
        end = min(t + 50, length - 1)
        probs, _, state = script.forward(params, ids[t:end], state)
        targets = ids[t + 1 : end + 1].astype(int)
        here = counts[t + 1 : end + 1]
        p = np.take_along_axis(probs, targets[:, None], axis=1)[:, 0]
        bits.append(-np.log2(np.maximum(p[here], 1e-38)))
        right.append((probs.argmax(axis=1) == targets)[here])
    return np.concatenate(bits).mean(), np.concatenate(right).mean()


def learning_curve(words, seed, path, directory, args):
    """Train a model, saved at path -> for each checkpoint: characters, seconds of training, bits."""
    script, *words = words.split()
    text, unseen = os.path.join(directory, "text.txt"), os.path.join(directory, "unseen.txt")
    write_text(text, args, args.lines, seed)
    write_text(unseen, args, 2000, 1000)
    words = [*words, "--seqlength", SEQLENGTH[args.task], "--batchsize", 8, "--restart", 0.5, "--seed", seed]
    module, curve = load(script), []
    for k in range(1, args.checkpoints + 1):
        iters = args.iters * k // args.checkpoints
        run(script, text, *words, "--iters", iters, "--save", path, "--timelimit", 1e9, "--sample_length", 0)
        words = ["--load", path]
        bits, _ = answer_bits(module, path, unseen)
        model, _ = module.load_model(path)
        curve.append((iters * 8 * SEQLENGTH[args.task], model["seconds"], bits))
        print(
            f"  seed {seed}, {curve[-1][0]} characters, {model['seconds']:.0f} s, {bits:.3f} bits", flush=True
        )
    return curve


def in_words(values):
    """Median and each of some figures."""
    return f"{np.median(values):.2f} ({' '.join(f'{value:.2f}' for value in values)})"


def row_of(words, curves, paths, directory, args):
    """A row of the table for a model: its curves, and what its trained models pay in other conditions."""
    script = load(words.split()[0])
    unseen = os.path.join(directory, "unseen.txt")
    model, _ = script.load_model(paths[0])
    cells = [f"`{words}`", str(sum(value.size for value in model["params"].values()))]
    for k in (args.checkpoints // 4 - 1, args.checkpoints // 2 - 1, args.checkpoints - 1):
        cells.append(in_words([curve[k][2] for curve in curves]))
    seconds = [curve[-1][1] for curve in curves]
    cells.append(f"{np.median(seconds):.0f}")
    cells.append(in_words([answer_bits(script, path, unseen, before=40)[0] for path in paths]))
    if "Wry" in model["params"]:
        cells.append(in_words([answer_bits(script, path, unseen, reads=0)[0] for path in paths]))
    else:
        cells.append("")
    return cells


def main():
    """Run the experiment that the command line asks for and print its table, in Markdown."""
    formatter = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=formatter)
    parser.add_argument("task", choices=MODELS)
    parser.add_argument("--text", help="options of data/tasks.py; default: the hardest, 26 letters")
    parser.add_argument("--lines", type=int, default=30000, help="lines of the text to train on")
    parser.add_argument("--iters", type=int, default=4000, help="iterations")
    parser.add_argument("--checkpoints", type=int, default=8, help="times that a model is tried")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6], help="a run for each")
    parser.add_argument("--models", nargs="+", help="names of models, or scripts with options")
    parser.add_argument("--keep", help="directory for the models and TASK.dat, to which each run adds a line")
    args = parser.parse_args()
    args.text = args.text or TEXTS[args.task]
    quarter, half = (f"{args.iters * 8 * SEQLENGTH[args.task] / k / 1e6:.1f} M characters" for k in (4, 2))
    whole = f"{args.iters * 8 * SEQLENGTH[args.task] / 1e6:.1f} M"
    head = ["model", "parameters", quarter, half, whole, "seconds", "after 40 lines", "reads at 0"]
    table = [head, ["---"] * len(head)]
    for name in args.models or MODELS[args.task]:
        words = MODELS[args.task].get(name, name)
        print(words, flush=True)
        with tempfile.TemporaryDirectory() as directory:
            keep = args.keep or directory
            os.makedirs(keep, exist_ok=True)
            label = name.split()[0]
            paths = [os.path.join(keep, f"{args.task}-{label}-{seed}.npz") for seed in args.seeds]
            curves = []
            for seed, path in zip(args.seeds, paths, strict=True):
                curves.append(learning_curve(words, seed, path, directory, args))
                with open(os.path.join(keep, f"{args.task}.dat"), "a", encoding="utf-8") as file:
                    points = (f"{x}:{seconds:.1f}:{y:.4f}" for x, seconds, y in curves[-1])
                    print(label, seed, *points, file=file)
            table.append(row_of(words, curves, paths, directory, args))
    for row in table:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
