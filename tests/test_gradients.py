"""Every backward pass against the exact gradient: a complex step in every entry of every parameter."""

import itertools
import re

import numpy as np
import pytest
from helpers import MODELS, adagrad, complex_step, loss, make, relative_error

PAPER = [name for name in MODELS if "paper" in name]
OTHERS = [name for name in MODELS if "paper" not in name]
fresh_or_not = pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "random"])
every_model = pytest.mark.parametrize("name", MODELS)


def gradient_error(module, params, inputs, targets, state):
    """How far the gradients of train are from the exact ones."""
    value, grads, _ = module.train(params, inputs, targets, state)
    assert value == pytest.approx(loss(module, params, inputs, targets, state), rel=1e-12)
    exact = complex_step(lambda stepped: loss(module, stepped, inputs, targets, state), params)
    return relative_error(grads, exact)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("batch, steps, locations", [(1, 1, 1), (1, 5, 3), (3, 5, 1), (3, 1, 3), (3, 5, 7)])
@fresh_or_not
def test_backward_is_exact(name, batch, steps, locations, fresh, rng):
    assert gradient_error(*make(name, rng, batch=batch, steps=steps, locations=locations, fresh=fresh)) < 1e-9


@pytest.mark.parametrize("name", PAPER)
@pytest.mark.parametrize("heads, locations, batch", list(itertools.product((1, 2, 4), (1, 2, 7), (1, 3))))
@fresh_or_not
def test_backward_is_exact_for_the_complete_memory(name, heads, locations, batch, fresh, rng):
    """Four steps, so that sorting, retention and links meet what the steps before them made."""
    sizes = {"heads": heads, "locations": locations, "batch": batch, "vocab": 3, "hidden": 2, "steps": 4}
    assert gradient_error(*make(name, rng, **sizes, scale=1.0, fresh=fresh)) < 1e-9


@pytest.mark.parametrize("name", PAPER)
@fresh_or_not
def test_backward_is_exact_for_one_step_of_the_complete_memory(name, fresh, rng):
    assert gradient_error(*make(name, rng, heads=2, batch=2, steps=1, fresh=fresh)) < 1e-9


@every_model
def test_complex_steps_agree_with_central_differences(name, rng):
    """The two see the same function only if forward does with complex numbers what it does with real ones."""
    module, params, inputs, targets, state = make(name, rng, batch=2, steps=3)
    exact = complex_step(lambda stepped: loss(module, stepped, inputs, targets, state), params)
    differences = {key: np.empty_like(value) for key, value in params.items()}
    for key, value in params.items():
        for entry in np.ndindex(value.shape):
            up, down = value.copy(), value.copy()
            up[entry] += 1e-5
            down[entry] -= 1e-5
            ends = (loss(module, params | {key: end}, inputs, targets, state) for end in (up, down))
            differences[key][entry] = (next(ends) - next(ends)) / 2e-5
    largest = max(np.abs(value).max() for value in exact.values())
    for key in params:
        assert np.allclose(differences[key], exact[key], rtol=1e-6, atol=1e-7 * largest)


@every_model
def test_gradcheck_approves_a_right_gradient(name, rng):
    module, *batch = make(name, rng)
    rows = module.gradcheck(*batch, rng)
    assert [row["name"] for row in rows] == list(batch[0])
    for row in rows:
        assert len(row["n"]) == min(10, batch[0][row["name"]].size)
        assert row["error"].max() < 1e-9
        assert row["n"] == pytest.approx(row["a"], rel=1e-9)


@every_model
@pytest.mark.parametrize(
    "factor, error",
    [(0, 1), (3, 1 / 2), (-1.5, 5)],
    ids=["missing", "threefold", "sign"],
)
def test_gradcheck_sees_one_wrong_entry(name, factor, error, rng, monkeypatch):
    """|n - a| / |n + a| is 1 for a gradient of 0, 1/2 for one three times too large, 5 for -1.5 times it."""
    module, params, *batch = make(name, rng)
    right = module.backward

    def wrong(*args):
        grads = right(*args)
        for key, grad in grads.items():
            entry = np.unravel_index(np.abs(grad).argmax(), grad.shape)
            grads[key] = grad.copy()
            grads[key][entry] *= factor
        return grads

    monkeypatch.setattr(module, "backward", wrong)
    for row in module.gradcheck(params, *batch, rng, num_checks=10**6):
        assert row["error"].max() == pytest.approx(error, rel=1e-6)


@every_model
def test_gradcheck_lets_no_nan_pass(name, rng, monkeypatch):
    module, params, *batch = make(name, rng)
    right = module.backward

    def wrong(*args):
        grads = right(*args)
        return grads | {"by": np.where(np.arange(len(grads["by"]))[:, None] == 1, np.nan, grads["by"])}

    monkeypatch.setattr(module, "backward", wrong)
    *_, row = module.gradcheck(params, *batch, rng, num_checks=10**6)
    assert row["name"] == "by" and np.isnan(row["error"].max())


@every_model
def test_gradcheck_is_sound_on_a_trained_model(name, rng):
    """Trained models have gradients that nearly cancel: there a table from rounding alone would look bad."""
    module, params, _, _, state = make(name, rng, vocab=5, hidden=6, scale=0.1, fresh=True)
    ids = np.tile([0, 1, 2, 3, 1, 4, 4], 1000)[:, None] + np.zeros(3, int)
    accumulators = {key: np.zeros_like(value) for key, value in params.items()}
    for k in range(300):
        inputs, targets = ids[8 * k : 8 * k + 8], ids[8 * k + 1 : 8 * k + 9]
        before = state
        last, grads, state = module.train(params, inputs, targets, before)
        adagrad(module, params, accumulators, grads, lr=0.05)
    assert last < 0.3 * inputs.size  # nats; it began at log 5 a character
    rows = module.gradcheck(params, inputs, targets, before, rng, num_checks=40)
    assert max(row["error"].max(initial=0) for row in rows) < 1e-5


NUMBER = r"-?\d\.\d{6}e[+-]\d{2}"
FIRST = re.compile(rf"(\w+): +n = \[({NUMBER}), ({NUMBER})\] +min ({NUMBER}), max ({NUMBER})")
SECOND = re.compile(rf" {{16}}a = \[({NUMBER}), ({NUMBER})\] +mean ({NUMBER}) # (\d+)/(\d+)")


@every_model
def test_the_gradient_table(name, rng):
    """Two lines a parameter, in columns, and the figures in them those of the rows."""
    module, params, *batch = make(name, rng)
    rows = module.gradcheck(params, *batch, rng)
    lines = module.gradient_table(rows).splitlines()
    assert len(lines) == 2 * len(params)
    for row, one, two in zip(rows, lines[::2], lines[1::2], strict=True):
        assert (one.index("n = "), one.index("min"), two.index("mean")) == (16, 56, 56)
        key, *first = FIRST.fullmatch(one).groups()
        *second, tried, valid = SECOND.fullmatch(two).groups()
        n, a, errors = row["n"], row["a"], row["error"]
        assert (key, int(tried), int(valid)) == (row["name"], len(n), len(errors))
        figures = [n.min(), n.max(), errors.min(), errors.max(), a.min(), a.max(), errors.mean()]
        assert [f"{figure:e}" for figure in figures] == [*first, *second]
