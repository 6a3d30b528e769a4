"""How many words does a saved copying model copy whole, and what becomes of it with longer words or memories?

    python tests/experiments/copied_whole.py copy-*.npz                       after 0 to 40 other lines
    python tests/experiments/copied_whole.py copy-1.npz --lengths 10 20 30 40 --locations 24 48 --lines 3
    python tests/experiments/copied_whole.py copy-1.npz --without links

A word counts if, after its mark, every letter and the newline is what the model finds likeliest: then
`--sample N --temperature 0 --prime "...word>"` writes just that. Each word is read in a state of its own,
which begins fresh, with so many other lines before it. Lengths are drawn from 1 to 20 unless given.
"""

import argparse
import random
import string
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where helpers.py is
from helpers import load, new_state


def share_copied(script, model, options, count, lines, length):
    """The part of count words that the model copies whole, each after so many lines of the same kind."""
    rng = random.Random(99 + lines)

    def word():
        return "".join(rng.choices(string.ascii_lowercase, k=length or rng.randint(1, 20)))

    words = [[word() for _ in range(lines + 1)] for _ in range(count)]
    texts = ["".join(f"{word}>{word}\n" for word in row) for row in words]
    longest = max(map(len, texts))
    # all side by side; what is read after the end of the shorter ones does not count
    ids = script.to_ids("".join(text.ljust(longest, "\n") for text in texts), model["vocab"], "the text")
    ids = ids.reshape(count, longest).T
    state = new_state(script, model["params"], options, count)
    likeliest = []
    for t in range(0, longest, 100):
        probs, _, state = script.forward(model["params"], ids[t : t + 100], state)
        likeliest.append(probs.argmax(axis=1))
    right = np.concatenate(likeliest)[:-1] == ids[1:]  # right[t]: the character at t + 1
    ends = [(len(text) - 1, len(row[-1]) + 1) for text, row in zip(texts, words, strict=True)]
    return np.mean([right[end - copied : end, b].all() for b, (end, copied) in enumerate(ends)])


def main():
    """Print a line of shares for each model, memory and length."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("models", nargs="+", help="saved models")
    parser.add_argument(
        "--lines", nargs="+", type=int, default=[0, 1, 3, 10, 40], help="lines before the word"
    )
    parser.add_argument(
        "--lengths", nargs="+", type=int, default=[0], help="letters of each word; 0: 1 to 20"
    )
    parser.add_argument("--locations", nargs="+", type=int, help="of the memory; else the model's own")
    parser.add_argument("--without", choices=("links", "head"), help="what is put out: all links, or a head")
    parser.add_argument("--words", type=int, default=200, help="to try")
    args = parser.parse_args()
    script = load("dnc-debug.py" if args.without else "dnc-numpy.py")
    if args.without == "links":
        script.links = lambda L0, ww, p0: np.zeros_like(L0)
    if args.without == "head":
        script.read = lambda M, wr: np.einsum("nwb,rnb->rwb", M, wr * (np.arange(len(wr)) > 0)[:, None, None])
    print(f"share of {args.words} words copied whole after {' '.join(map(str, args.lines))} lines")
    for path in args.models:
        model, options = script.load_model(path)
        for locations in args.locations or [options["locations"]]:
            for length in args.lengths:
                tried = options | {"locations": locations}
                shares = [
                    share_copied(script, model, tried, args.words, lines, length) for lines in args.lines
                ]
                about = f"{path} N {locations}, {length or '1 to 20'} letters:"
                print(about, " ".join(f"{share:.3f}" for share in shares), flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
