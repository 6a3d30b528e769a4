"""Known answers, and what is promised of params, state, gradients and their types."""

from pathlib import Path

import numpy as np
import pytest
from helpers import DNCS, MODELS, arrays_in, copies, load, make, new_state, options_of, relative_error, same

REFERENCE = Path(__file__).parent / "reference"
ANSWERS = [("rnn-numpy.py", "rnn"), ("lstm-numpy.py", "lstm"), ("lstm-numpy.py", "lstm-standard")]
ANSWERS += [(script, answer) for script in DNCS for answer in ("dnc-content", "dnc-paper")]
INTERFACE = ("Whr", "Whv", "Whw", "Whe", "Whbr", "Whbw", "Whf", "Whga", "Whgw", "Whm")
every_model = pytest.mark.parametrize("name", MODELS)
every_dnc = pytest.mark.parametrize("script", DNCS)

H, V, B = 50, 40, 30  # hidden units, vocabulary and batch for the tests of a beginning


def group(file, prefix):
    """The arrays of an answer file whose names begin with prefix, without it."""
    return {name.removeprefix(prefix): file[name] for name in file if name.startswith(prefix)}


@pytest.mark.parametrize("script, answer", ANSWERS)
def test_train_meets_the_known_answers(script, answer):
    with np.load(REFERENCE / f"{answer}.npz") as file:
        params, state, grads, end = (group(file, prefix) for prefix in ("param_", "state_", "grad_", "end_"))
        loss, inputs, targets = (file[name] for name in ("loss", "inputs", "targets"))
    if "Whm" in params:  # the answers are those of an interface without bias
        params["bi"] = np.zeros((sum(len(params[name]) for name in INTERFACE), 1))
    result = load(script).train(params, inputs, targets, state)
    result[1].pop("bi", None)
    assert result[0] == pytest.approx(float(loss), rel=1e-9, abs=0)
    assert relative_error(result[1], grads) < 1e-9
    assert relative_error(result[2], end) < 1e-9


@every_model
def test_train_changes_nothing_that_it_is_given(name, rng):
    module, params, inputs, targets, state = make(name, rng)
    before = copies(params), inputs.copy(), targets.copy(), copies(state)
    module.train(params, inputs, targets, state)
    assert same(params, before[0]) and same(state, before[3])
    assert np.array_equal(inputs, before[1]) and np.array_equal(targets, before[2])


@every_model
@pytest.mark.parametrize("steps", [1, 4])
def test_the_new_state_is_memory_of_its_own(name, steps, rng):
    """The training loop sets states back in place; that must not reach the cache or the state before."""
    module, params, inputs, _, state = make(name, rng, steps=steps)
    _, cache, end = module.forward(params, inputs, state)
    for value in end.values():
        assert not any(np.shares_memory(value, other) for other in arrays_in([cache, state, params]))


@every_model
def test_names_shapes_and_types(name, rng):
    """train gives gradients like params and a state like the state; its loss is a plain number."""
    module, params, inputs, targets, state = make(name, rng, heads=2 if "paper" in name else 1)
    probs, _, _ = module.forward(params, inputs, state)
    loss, grads, end = module.train(params, inputs, targets, state)
    assert type(loss) is float
    assert probs.shape == (4, 4, 3)  # S, V, B
    assert np.allclose(probs.sum(axis=1), 1)
    assert {key: value.shape for key, value in grads.items()} == {k: v.shape for k, v in params.items()}
    assert {key: value.shape for key, value in end.items()} == {k: v.shape for k, v in state.items()}


@every_model
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_are_of_the_type_of_the_params(name, dtype, rng):
    """A float32 run that computes in float64 somewhere is slow there and nobody sees why."""
    module, params, inputs, targets, state = make(name, rng)
    params, state = (
        {key: value.astype(dtype) for key, value in arrays.items()} for arrays in (params, state)
    )
    probs, cache, end = module.forward(params, inputs, state)
    grads = module.backward(params, targets, cache)
    assert {array.dtype for array in arrays_in([probs, grads, end])} == {np.dtype(dtype)}
    assert {array.dtype for array in arrays_in(cache) if array.dtype.kind == "f"} == {np.dtype(dtype)}


def beginnings():
    """params and state as they begin, with the shapes that they must have, for each kind of model."""
    for name, (script, cell, memory) in MODELS.items():
        module, rng = load(script), np.random.default_rng(2)
        R, N, W = (3 if memory == "paper" else 1), 20, 10
        G = 4 * H if cell else H
        shapes = {"Wxh": (G, V), "Whh": (G, H), "Why": (V, H)}
        state_shapes = {"h": (H, B)}
        if cell:
            state_shapes |= {"c" if cell == "squashed" else "s": (H, B)}
        if memory:
            shapes |= {"Whr": (R * W, H), "Whv": (W, H), "Whw": (W, H), "Whe": (W, H)}
            state_shapes |= {"M": (N, W, B), "r": (R * W, B)}
        if memory == "paper":
            shapes |= {"Whbr": (R, H), "Whbw": (1, H), "Whf": (R, H), "Whga": (1, H), "Whgw": (1, H)}
            shapes |= {"Whm": (3 * R, H)}
            shapes |= {"bi": (R * W + 3 * W + 5 * R + 3, 1)}
            state_shapes |= {"u": (N, B), "p": (N, B), "L": (N, N, B), "ww": (N, B), "wr": (R, N, B)}
        if memory:
            shapes |= {"Wrh": (G, R * W), "Wry": (V, R * W)}
            params = module.init_params(rng, V, H, memory, R, W)
        else:
            params = module.init_params(rng, V, H)
        state = new_state(module, params, options_of(name, N), B, rng)
        shapes |= {"bh": (G, 1), "by": (V, 1)}
        yield pytest.param(params, shapes, state, state_shapes, memory, id=name)


@pytest.mark.parametrize("params, shapes, state, state_shapes, memory", list(beginnings()))
def test_params_and_state_begin_as_designed(params, shapes, state, state_shapes, memory):
    assert list(params) == list(shapes)  # the order of every table
    assert {name: value.shape for name, value in params.items()} == shapes
    assert {name: value.shape for name, value in state.items()} == state_shapes
    assert {value.dtype for value in [*params.values(), *state.values()]} == {np.dtype(np.float64)}

    bias = np.zeros_like(params["bh"])
    if len(bias) == 4 * H:
        bias[2 * H : 3 * H] = 1  # the rows of f
    assert np.array_equal(params["bh"], bias)
    assert not params["by"].any()
    for name in params.keys() - {"bh", "by", "bi"}:
        is_noise(params[name], 0.03)

    if memory == "content":
        is_noise(state.pop("M"), 0.01)
    assert not any(value.any() for value in state.values())


def is_noise(value, size):
    """Normal with deviation size: mean, deviation and fourth moment within five standard errors."""
    z, n = value / size, value.size
    assert abs(z.mean()) < 5 / n**0.5
    assert abs((z**2).mean() - 1) < 5 * (2 / n) ** 0.5
    assert abs((z**4).mean() - 3) < 5 * (96 / n) ** 0.5


@pytest.mark.parametrize("script", ["rnn-numpy.py", "lstm-numpy.py", *DNCS])
def test_init_scale_is_the_size_of_the_noise(script):
    one, ten = (load(script).init_params(np.random.default_rng(3), 4, 3, init_scale=s) for s in (0.1, 1.0))
    for name in one.keys() - {"bh", "by", "bi"}:
        assert np.allclose(ten[name], 10 * one[name], rtol=1e-12)


@every_dnc
def test_the_default_model_is_the_content_memory_with_the_squashed_cell(script, rng):
    module = load(script)
    assert "Whm" not in module.init_params(rng, 4, 3)
    options = vars(module.option_parser("content").parse_args([]))
    assert (options["memory"], options["cell"]) == ("content", "squashed")
