"""What tests and experiments share: scripts as commands and as modules, small models, exact gradients."""

import functools
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
DNCS = ("dnc-numpy.py", "dnc-debug.py")
SCRIPTS = ("rnn-numpy.py", "lstm-numpy.py", *DNCS)
CELLS = ("squashed", "standard")
MODELS = {"rnn": ("rnn-numpy.py", None, None)}  # name -> script, cell, memory
MODELS |= {f"lstm-{cell}": ("lstm-numpy.py", cell, None) for cell in CELLS}
MODELS |= {
    f"{script[:-3]}-{memory}-{cell}": (script, cell, memory)
    for script in DNCS
    for memory in ("content", "paper")
    for cell in CELLS
}

SMALL = ["--hidden", "8", "--batchsize", "2", "--seqlength", "5", "--seed", "1", "--sample_length", "30"]
STARTED = []  # the processes that a test started in the background; conftest.py ends them after it
LOG_LINE = re.compile(r"^\d+\.\d{3} s, iter \d+, \d+\.\d{4} BPC, \d+\.\d{2} char/s$")
DEBUG_LINE = re.compile(r"^[ \d]\d+: \d+\.\d{3} s, iter \d+, \d+\.\d{4} BPC, \d+\.\d{2} char/s$")


# -------------------------------------------------------------------------------------- scripts as commands


def command(script, *words, python=(), **more):
    """Run a script to its end -> the finished process, with text output; python: options of Python itself."""
    words = [sys.executable, *python, str(ROOT / script), *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=120, **more)


def start(script, *words, **more):
    """Start a script in the background, its output in pipes."""
    words = [sys.executable, str(ROOT / script), *map(str, words)]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    STARTED.append(run)
    return run


def log_lines(output):
    """The lines of the log in the output of a run."""
    return [line for line in output.splitlines() if LOG_LINE.match(line) or DEBUG_LINE.match(line)]


def is_one_line(error, script):
    """Whether error output is a single line in the agreed form; script: its path below ROOT."""
    name = Path(script).name
    return error.count("\n") == 1 and error.startswith(f"{name}: error: ") and "Traceback" not in error


# --------------------------------------------------------------------------------------- scripts as modules


@functools.cache
def load(script):
    """A script as a module, by its path below ROOT: the import statement takes no dash in a file name."""
    path = ROOT / script
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def new_state(script, params, options, batchsize, rng=None):
    """The state of sequences that begin, as a model's options have it.

    script, the module; rng, for the noise of the content memory: without it always the same.
    """
    more = [options[name] for name in ("cell", "locations") if name in options]
    if "locations" in options:
        more.append(rng or np.random.default_rng(0))
    return script.init_state(params, batchsize, *more)


def next_batch(module, model, ids, options, starts):
    """The next batch of a script -> inputs, targets (S, B); starts, the places where a sequence may begin."""
    return module.next_batch(model, ids, starts, options)


def adagrad(module, params, accumulators, grads, lr, clip=0.0):
    """A step of a script's Adagrad, in place."""
    module.adagrad(params, accumulators, grads, lr, clip)


# --------------------------------------------------------------------------------------------- small models


def make(
    name, rng, *, vocab=4, hidden=3, heads=1, locations=3, width=2, batch=3, steps=4, scale=0.7, fresh=False
):
    """A small random case of one of MODELS -> the script's module, params, inputs, targets, state.

    All parameters are noise of the size scale, the biases too: large enough that every gate moves. The
    state is one that a run could have left, or with fresh that of sequences that begin.
    """
    script, _, memory = MODELS[name]
    module = load(script)
    if memory:
        params = module.init_params(rng, vocab, hidden, memory, heads, width)
    else:
        params = module.init_params(rng, vocab, hidden)
    state = new_state(module, params, options_of(name, locations), batch, rng)
    params = {name: rng.standard_normal(value.shape) * scale for name, value in params.items()}
    inputs, targets = rng.integers(vocab, size=(2, steps, batch))
    return module, params, inputs, targets, state if fresh else random_state(rng, state)


def options_of(name, locations):
    """The options that one of MODELS has on the command line and that new_state asks for."""
    _, cell, memory = MODELS[name]
    options = {"cell": cell} if cell else {}
    return options | ({"locations": locations} if memory else {})


def random_state(rng, state):
    """A state of the same shapes without a zero in it; weightings, usage and links within their bounds."""
    state = {name: rng.standard_normal(value.shape) for name, value in state.items()}
    state |= {name: np.tanh(state[name]) for name in ("h", "c") if name in state}
    if "L" in state:
        state |= {name: weighting(rng, state[name].shape) for name in ("p", "ww", "wr")}
        state["u"], N = rng.random(state["u"].shape), len(state["L"])
        state["L"] = rng.random(state["L"].shape) / N * (1 - np.eye(N))[:, :, None]
    return state


def weighting(rng, shape):
    """Random weights over the last axis but one, where the locations are, that sum to less than 1."""
    weights = rng.random(shape)
    return weights / (0.1 + weights.sum(axis=-2, keepdims=True))


def loss(module, params, inputs, targets, state):
    """The loss by its definition, from forward alone, and so for complex parameters too."""
    _, cache, _ = module.forward(params, inputs, state)
    ahead = cache["y"] - np.take_along_axis(cache["y"], targets[:, None], axis=1)  # of the target's logit
    top = ahead.real.max(axis=1)
    return (np.log(np.exp(ahead - top[:, None]).sum(axis=1)) + top).sum()


def complex_step(f, arrays):
    """The exact gradient of the number f(arrays) in every entry of a dict of arrays: Im f(x + ih) / h."""
    return {name: complex_step_in(f, arrays, name) for name in arrays}


def complex_step_in(f, arrays, name):
    """complex_step for one of the arrays."""
    grad = np.empty(arrays[name].shape)
    for entry in np.ndindex(grad.shape):
        stepped = arrays[name].astype(np.complex128)
        stepped[entry] += 1e-30j
        grad[entry] = f(arrays | {name: stepped}).imag / 1e-30
    return grad


def relative_error(actual, expected):
    """The largest relative error between two dicts of arrays with the same names and shapes.

    An entry a million times smaller than the largest of its array is taken against that one, and an array
    a million times smaller than the largest of all, which is 0 but for rounding, against that.
    """
    assert actual.keys() == expected.keys()
    largest_of_all = max(np.abs(value).max() for value in expected.values())
    errors = []
    for name, value in expected.items():
        assert actual[name].shape == value.shape, name
        size, largest = np.abs(value), np.abs(value).max()
        size = np.maximum(np.where(size > 1e-6 * largest, size, largest), 1e-6 * largest_of_all)
        errors.append(np.abs(actual[name] - value) / size)
    return max(map(np.max, errors), key=lambda error: (np.isnan(error), error))


def arrays_in(tree):
    """All arrays in a nest of dicts, lists and tuples."""
    if isinstance(tree, np.ndarray):
        return [tree]
    branches = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return [array for branch in branches for array in arrays_in(branch)]


def copies(arrays):
    """A dict of arrays, each copied."""
    return {name: value.copy() for name, value in arrays.items()}


def same(arrays, others):
    """Whether two dicts hold the same arrays, to the last bit and in the same order of names."""
    return list(arrays) == list(others) and all(np.array_equal(arrays[name], others[name]) for name in arrays)
