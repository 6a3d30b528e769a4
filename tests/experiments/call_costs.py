"""What the calls of NumPy cost that train on one batch, each of them alone.

    python tests/experiments/call_costs.py [--models X ...] [--sizes B,S,H ...]

Every call of a batch, operators, views and assignments among them, is written down with its arrays, and then
repeated on them; the fastest of many turns counts. The sum is what a batch would take if all that Python does
in between, and every miss of a cache, cost nothing: code that makes the same calls cannot be faster. The last
columns are for a batch in which every size but S and V is 1, so that few calls have anything to compute.
"""

import argparse
import operator
import os
import time
from functools import partial

if __name__ == "__main__":  # counts only before NumPy is loaded
    os.environ["OPENBLAS_NUM_THREADS"] = "1"

import benchmark
import numpy as np

METHODS = "argsort copy cumprod dot max prod ravel reshape sum swapaxes take transpose".split()
MAKERS = "arange ascontiguousarray empty ones tri zeros".split()  # of arrays out of no array


class Recorded(np.ndarray):
    """An array that adds to calls, a list of functions without arguments, whatever is done with it."""

    calls = []

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **words):
        call, words = partial(getattr(ufunc, method), *plain(inputs)), plain(words)
        if not out:
            return take_down(partial(call, **words))
        self.calls.append(partial(call, out=tuple(value.copy() for value in plain(out)), **words))
        return recorded(call(out=plain(out), **words))

    def __array_function__(self, function, types, args, words):
        return take_down(partial(function, *plain(args), **plain(words)))

    def __getitem__(self, at):
        return take_down(partial(operator.getitem, plain(self), plain(at)))

    def __setitem__(self, at, value):
        take_down(partial(operator.setitem, plain(self), plain(at), plain(value)))


def take_down(call):
    """Make a call, and if it does not fail, keep it."""
    result = call()
    Recorded.calls.append(call)
    return recorded(result)


def method(name):
    """A method of arrays, as one that is recorded."""
    found = getattr(np.ndarray, name)
    return lambda self, *args, **words: take_down(partial(found, plain(self), *plain(args), **plain(words)))


for name in METHODS:
    setattr(Recorded, name, method(name))


def plain(value):
    """Without the recording, also inside tuples, lists and dicts."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(plain, value))
    return value.view(np.ndarray) if isinstance(value, Recorded) else value


def recorded(value):
    """With it."""
    if isinstance(value, list):
        return [recorded(part) for part in value]
    return value.view(Recorded) if type(value) is np.ndarray else value


class RecordingNumPy:
    """NumPy, but what it makes is recorded from then on."""

    def __getattr__(self, name):
        found = getattr(np, name)
        return (lambda *args, **words: recorded(found(*args, **words))) if name in MAKERS else found


def fastest(call, turns=15, count=20):
    """Microseconds of a call, in the fastest of some turns."""
    best = np.inf
    for _ in range(turns):
        tick = time.perf_counter()
        for _ in range(count):
            call()
        best = min(best, time.perf_counter() - tick)
    return best / count * 1e6


def costs(model, size, memory=None):
    """-> calls of a batch, microseconds of the batch, and of its calls alone"""
    (B, S, H), script = size, benchmark.load(model)
    vocab_size, ((inputs, targets), *_) = benchmark.cut_batches(B, S)
    params, state = benchmark.new_model(script, model, vocab_size, B, H, np.float32, memory=memory)
    batch = fastest(lambda: script.train(params, inputs, targets, state), turns=100, count=1)
    params, state = ({name: recorded(a) for name, a in arrays.items()} for arrays in (params, state))
    script.np, Recorded.calls = RecordingNumPy(), []
    script.train(params, inputs, targets, state)
    alone = [fastest(call) for call in Recorded.calls]
    return len(alone), batch, sum(alone) - len(alone) * fastest(partial(operator.is_, None, None))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--models", nargs="+", choices=benchmark.MODELS, default=benchmark.MODELS, metavar="X")
    add("--sizes", nargs="+", type=benchmark.triple, default=benchmark.SIZES, metavar="B,S,H")
    options = parser.parse_args()
    np.empty(33_000_000, np.uint8)  # as in benchmark.py
    print(benchmark.machine() + "; microseconds\n", flush=True)
    benchmark.say("B, S, H", "model", "calls", "a batch", "its calls alone", "all sizes 1", "its calls alone")
    benchmark.say(*["---"] * 7)
    for size in options.sizes:
        for model in options.models:
            count, *one = costs(model, size)
            _, *least = costs(model, (1, size[1], 1), memory=(1, 1, 1))
            figures = (f"{value:,.0f}" for value in (count, *one, *least))
            benchmark.say(", ".join(map(str, size)), model, *figures)


if __name__ == "__main__":
    main()
