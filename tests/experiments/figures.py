"""Draw the README's figures from real runs, as SVG, in data/figures/. Needs matplotlib.

python tests/experiments/figures.py memory copy.npz "abracadabra>abracadabra"
python tests/experiments/figures.py memory recall.npz "a1b2c3b2a1c3a1" --name look-up
python tests/experiments/figures.py tasks copying.dat recall.dat
python tests/experiments/figures.py bpc rnn-1.dat rnn-2.dat lstm-1.dat ...

memory: from a model of dnc-numpy.py --memory paper; tasks: from what memory_task.py --keep leaves;
bpc: from logs of --fname, called MODEL-SEED.dat.
"""

import argparse
import os
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap, to_rgb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where helpers.py is
from helpers import ROOT, load, new_state

GREY = "#808080"  # legible on white and on black
COLORS = {
    "RNN": "#c47f00",
    "LSTM": "#c2528b",
    "LSTM, four times as large": "#8a6bd1",
    "content memory": "#2f8f6b",
    "complete memory": "#3b82d6",
}
KINDS = dict(zip(("rnn", "lstm", "lstm4", "content", "complete"), COLORS, strict=True))
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "dnc", "font.size": 11, "font.family": "sans-serif"}
STYLE |= {
    name: GREY for name in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
}
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "axes.facecolor": "none"}
STYLE |= {"figure.facecolor": "none", "legend.frameon": False, "legend.labelcolor": "linecolor"}


def memory(path, text):
    """What the memory does while it reads a text from a fresh state: weightings over time, gates below."""
    script = load("dnc-debug.py")
    model, options = script.load_model(path)
    ids = script.to_ids(text, model["vocab"], "the text")
    state = new_state(script, model["params"], options, 1)
    probs, cache, _ = script.forward(model["params"], ids[:, None], state)
    steps, (R, N) = cache["steps"], (options["heads"], options["locations"])
    ww = np.array([step["after"]["ww"][:, 0] for step in steps]).T
    wr = np.array([step["after"]["wr"][:, :, 0] for step in steps]).transpose(1, 2, 0)
    rows = [np.array([step["parts"][name][:, 0] for step in steps]).T for name in ("gw", "ga", "free")]
    modes = np.array([step["parts"]["pi"][:, :, 0] for step in steps]).transpose(1, 2, 0)
    panels = [("written to", ww), *((f"read by\nhead {head + 1}", wr[head]) for head in range(R))]
    gates = np.concatenate([*rows, *modes])
    names = ["write gate", "allocation gate", *(f"free gate {k + 1}" for k in range(R))]
    names += [f"head {k + 1} {mode}" for k in range(R) for mode in ("backward", "content", "forward")]
    heights = [*[N] * len(panels), 3 * len(gates)]
    fig, axes = plt.subplots(
        len(heights), 1, sharex=True, figsize=(9, 0.055 * sum(heights) + 1.5), height_ratios=heights
    )
    colors = ["#c2528b", *["#3b82d6", "#2f8f6b"] * R]  # writing, and the heads in turn
    for axis, (name, weighting), color in zip(axes, panels, colors, strict=False):
        shade(axis, weighting, color)
        axis.set_ylabel(f"location\n{name}")
        axis.set_yticks([0, N - 1], [1, N])
    shade(axes[-1], gates, "#c47f00")
    axes[-1].set_yticks(range(len(gates)), names, fontsize=9)
    axes[-1].set_xticks(range(len(text)), [repr(char)[1:-1] for char in text])
    axes[-1].set_xlabel("character read, one step each; the stronger the color, the nearer to 1")
    return fig


def shade(axis, values, color):
    """A grid of values from 0 to 1, from nothing at 0 to the full color at 1."""
    shades = LinearSegmentedColormap.from_list("", [(*to_rgb(color), 0), (*to_rgb(color), 1)])
    rows, columns = values.shape
    pixels = values.repeat(16, axis=0).repeat(16, axis=1)  # so that no viewer smooths the cells away
    at = (-0.5, columns - 0.5, rows - 0.5, -0.5)
    axis.imshow(pixels, cmap=shades, vmin=0, vmax=1, aspect="auto", interpolation="none", extent=at)
    axis.tick_params(length=0)


def tasks(*paths):
    """Bits per character that can be known, on unseen lines, against characters trained on: a panel for each
    task, every run, and the medians."""
    fig, axes = plt.subplots(1, len(paths), figsize=(4.5 * len(paths), 4), squeeze=False)
    seen = set()
    for axis, path in zip(axes[0], paths, strict=True):
        runs = {}
        with open(path, encoding="utf-8") as file:
            for name, _, *points in map(str.split, file):
                curve = np.array([point.split(":") for point in points], float).T
                runs.setdefault(KINDS[name], []).append(curve[[0, 2]])
        for name, lines in runs.items():
            for x, y in lines:
                axis.plot(x / 1e6, y, color=COLORS[name], linewidth=1, alpha=0.5)
            x, y = np.median(lines, axis=0)
            axis.plot(x / 1e6, y, color=COLORS[name], linewidth=2.5)
            seen.add(name)
        task = Path(path).stem
        guess = {"copying": np.log2(26), "recall": np.log2(10)}[task]
        axis.axhline(guess, color=GREY, linewidth=0.8, linestyle=":")
        axis.annotate("a guess", (x[-1] / 1e6, guess), (0, 4), textcoords="offset points", ha="right")
        axis.set(xlabel="million characters trained on", xlim=0, ylim=(0, 1.1 * guess))
        axis.set_ylabel({"copying": "bits per copied letter", "recall": "bits per digit to look up"}[task])
    for name in COLORS:  # one legend for all panels
        if name in seen:
            axes[0, -1].plot([], [], color=COLORS[name], linewidth=2.5, label=name)
    axes[0, -1].legend(loc=(0.35, 0.08), fontsize=9)
    fig.tight_layout()
    return fig


def bpc(*paths):
    """Bits per character on alice29 against seconds, from logs named MODEL-SEED.dat: every run."""
    runs = {name: [] for name in COLORS}
    for path in paths:
        seconds, bits = np.loadtxt(path, usecols=(1, 2), unpack=True)
        runs[KINDS[os.path.basename(path).partition("-")[0]]].append((seconds, bits))
    fig, axis = plt.subplots(figsize=(9, 4.2))
    draw(axis, runs, "upper right")
    axis.plot(4163, 1.2808, "o", color=GREY)
    text = "krocki/dnc's README:\n1.2808 BPC after 4,163 s,\non its own machine"
    axis.annotate(text, (4163, 1.2808), (0, 10), textcoords="offset points", ha="right")
    axis.axhline(1.2808, color=GREY, linewidth=0.8, linestyle=":")
    axis.set(xscale="log", xlabel="seconds on one core", ylabel="bits per character, smoothed", ylim=(0.6, 6))
    axis.xaxis.set_major_formatter("{x:g}")
    return fig


def draw(axis, runs, place):
    """name -> list of (x, y): every run as a thin line, with a legend at a place."""
    for name, lines in runs.items():
        for k, (x, y) in enumerate(lines):
            axis.plot(x, y, color=COLORS[name], linewidth=1, alpha=0.7, label=None if k else name)
    axis.legend(loc=place)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    figures = {"memory": memory, "tasks": tasks, "bpc": bpc}
    parser.add_argument("figure", choices=figures)
    parser.add_argument("source", nargs="+", help="what it is drawn from")
    parser.add_argument("--name", help="of the file, if not that of the figure")
    args = parser.parse_args()
    mpl.rcParams.update(STYLE)
    folder = ROOT / "data" / "figures"
    folder.mkdir(exist_ok=True)
    target = folder / f"{args.name or args.figure}.svg"
    figures[args.figure](*args.source).savefig(target, bbox_inches="tight", metadata={"Date": None})
    print(target)
