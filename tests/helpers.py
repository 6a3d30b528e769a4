"""What the test files share: loading a script, small random models, and an exact numerical gradient."""

import functools
import importlib.util
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


@functools.cache
def load(script):
    """Import a script by its path: a dash in a file name is more than the import statement can take."""
    spec = importlib.util.spec_from_file_location(script[:-3].replace("-", "_"), ROOT / script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(
    name, rng, *, vocab=4, hidden=3, heads=1, locations=3, width=2, batch=3, steps=4, scale=0.7, fresh=False
):
    """A small random case of one of MODELS -> the script's module, params, inputs, targets, state.

    All parameters are noise of the size scale, the biases too: large enough that every gate moves. The
    state is one that a run could have left, or with fresh that of sequences that begin.
    """
    script, cell, memory = MODELS[name]
    module = load(script)
    if memory:
        params = module.init_params(rng, vocab, hidden, memory, heads, width)
        state = module.init_state(rng, batch, hidden, cell, memory, heads, locations, width)
    else:
        params = module.init_params(rng, vocab, hidden)
        state = module.init_state(batch, hidden, cell) if cell else module.init_state(batch, hidden)
    params = {name: rng.standard_normal(value.shape) * scale for name, value in params.items()}
    inputs, targets = rng.integers(vocab, size=(2, steps, batch))
    return module, params, inputs, targets, state if fresh else random_state(rng, state)


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
