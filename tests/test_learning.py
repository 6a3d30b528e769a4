"""Each script learns, in a stated number of iterations, more of the text than pairs of letters tell."""

import math
from collections import Counter

import pytest
from helpers import ROOT, command

ITERATIONS = 300
MODELS = ["rnn-numpy.py", "lstm-numpy.py", "dnc-numpy.py", "dnc-debug.py"]
MODELS += ["dnc-numpy.py --memory paper"]  # dnc-debug.py computes the same, see test_agreement.py


def bigram_entropy(text):
    """Bits per character of a text for one who knows how often each character follows each other."""
    pairs, firsts = Counter(zip(text, text[1:], strict=False)), Counter(text[:-1])
    return -sum(n * math.log2(n / firsts[a]) for (a, _), n in pairs.items()) / (len(text) - 1)


@pytest.mark.parametrize("words", MODELS)
def test_it_beats_the_bigrams_of_the_text(words, tmp_path):
    text = (ROOT / "data" / "missing-hour.txt").read_text(encoding="utf-8")
    start, (script, *options) = text[:5000], words.split()
    (tmp_path / "start.txt").write_text(start, encoding="utf-8")
    options += [
        "--iters",
        ITERATIONS,
        "--seed",
        1,
        "--no-gradcheck",
        "--batchsize",
        16,
        "--seqlength",
        25,
    ]
    options += ["--hidden", 32, "--lr", 0.1, "--no-fp64", "--sample_length", 10, "--save", "m.npz"]
    assert command(script, *options, cwd=tmp_path).returncode == 0
    done = command(script, "start.txt", "--load", "m.npz", "--evaluate", "--seed", 1, cwd=tmp_path)
    assert float(done.stdout.split()[0]) < bigram_entropy(text) < 3.5
