"""Every size learns with nothing but --hidden: in seconds, more of the text than pairs of letters tell."""

import math
from collections import Counter

import pytest
from helpers import ROOT, command

RUNS = [  # words, iterations
    ("rnn-numpy.py --hidden 32", 600),
    ("rnn-numpy.py --hidden 256", 300),
    ("lstm-numpy.py --hidden 32", 600),
    ("lstm-numpy.py --hidden 256", 150),
    ("dnc-numpy.py --hidden 32", 600),
    ("dnc-numpy.py --hidden 256", 150),
    ("dnc-numpy.py --memory paper --hidden 32", 300),  # dnc-debug.py computes the same, see test_agreement.py
    ("dnc-numpy.py --memory paper --hidden 256", 150),
    ("dnc-debug.py --hidden 32", 600),
    ("dnc-debug.py --hidden 256", 150),
]


def bigram_entropy(text):
    """Bits per character of a text for one who knows how often each character follows each other."""
    pairs, firsts = Counter(zip(text, text[1:], strict=False)), Counter(text[:-1])
    return -sum(n * math.log2(n / firsts[a]) for (a, _), n in pairs.items()) / (len(text) - 1)


@pytest.mark.parametrize(("words", "iters"), RUNS)
def test_it_beats_the_bigrams_of_the_text(words, iters, tmp_path):
    """On the tenth of the text that it has not read."""
    text = (ROOT / "data" / "missing-hour.txt").read_text(encoding="utf-8")
    script, *words = words.split()
    words += ["--iters", iters, "--holdout", 0.1, "--seed", 1, "--sample_length", 10, "--no-gradcheck"]
    done = command(script, *words, "--check_interval", 10**6, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("validation: ")]
    assert float(figures[-1]) < bigram_entropy(text) < 3.5
