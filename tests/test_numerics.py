"""Extreme numbers: no NaN, no inf, no warning, whatever keys, memory, strengths, gates and logits hold."""

import numpy as np
import pytest
from helpers import DNCS, MODELS, SCRIPTS, arrays_in, load, make

pytestmark = pytest.mark.filterwarnings("error")
every_model = pytest.mark.parametrize("name", MODELS)
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])

EXTREMES = {  # parameter names and the size that their weights get
    "keys": (("Whr", "Whw"), 1e4),
    "writes": (("Whv", "Whe"), 1e4),
    "strengths": (("Whbr", "Whbw"), 1e4),
    "gates": (("Whf", "Whga", "Whgw", "Whm", "bh"), 1e4),
    "logits": (("Why", "Wry", "by"), 1e5),
    "zeros": (("Whr", "Whw", "Whv", "Whe", "Whbr", "Whbw", "Whf", "Whga", "Whgw", "Whm", "Why"), 0.0),
}
MEMORIES = {
    "usual": lambda M: M,
    "big": lambda M: 1e4 * M,
    "equal": lambda M: np.full_like(M, 1e4),
    "zero": lambda M: 0 * M,
}
EXTREME_MODELS = [(name, memory) for name in MODELS for memory in (MEMORIES if "dnc" in name else ["usual"])]


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


def all_finite(tree):
    """Whether there is no NaN and no infinity in a nest of arrays."""
    return all(np.isfinite(array).all() for array in arrays_in(tree))


@pytest.mark.parametrize("name, memory", EXTREME_MODELS)
@pytest.mark.parametrize("extreme", EXTREMES)
@every_type
def test_extreme_params_and_memories(name, memory, extreme, dtype, rng):
    module, params, inputs, targets, state = make(name, rng, heads=2 if "paper" in name else 1)
    names, size = EXTREMES[extreme]
    params |= {key: params[key] * size for key in names if key in params}
    if "M" in state:
        state["M"] = MEMORIES[memory](state["M"])
    params, state = as_type(params, dtype), as_type(state, dtype)
    with np.errstate(all="raise", under="ignore"):
        loss, grads, end = module.train(params, inputs, targets, state)
    assert np.isfinite(loss) and all_finite([grads, end])


@pytest.mark.parametrize("name", [name for name in MODELS if "dnc" in name])
@every_type
def test_everything_extreme_at_once(name, dtype, rng):
    """Keys, strengths, gates and memory of 1e4 together; and the end again fed in as the state."""
    module, params, inputs, targets, state = make(name, rng)
    params = as_type({key: value * 1e4 for key, value in params.items()}, dtype)
    state = as_type(state | {"M": state["M"] * 1e4}, dtype)
    with np.errstate(all="raise", under="ignore"):
        for _ in range(3):
            loss, grads, state = module.train(params, inputs[:1], targets[:1], state)
            assert np.isfinite(loss) and all_finite([grads, state])


@every_model
@every_type
def test_thousands_of_steps(name, dtype, rng):
    """State carried all the way, with busy gates; then a gradient from where it ended."""
    module, params, _, _, state = make(
        name, rng, hidden=8, locations=6, width=4, batch=2, scale=1.5, fresh=True
    )
    params, state = as_type(params, dtype), as_type(state, dtype)
    ids = rng.integers(4, size=(3001, 2))
    with np.errstate(all="raise", under="ignore"):
        for start in range(0, 3000, 250):
            probs, _, state = module.forward(params, ids[start : start + 250], state)
            assert all_finite([probs, state])
            assert np.allclose(probs.sum(axis=1), 1, atol=1e-5)
        loss, grads, state = module.train(params, ids[:25], ids[1:26], state)
    assert np.isfinite(loss) and all_finite([grads, state])
    if "u" in state:
        assert state["u"].min() >= -1e-5 and state["u"].max() <= 1 + 1e-5
        assert max(state["ww"].sum(axis=0).max(), state["wr"].sum(axis=1).max()) <= 1 + 1e-5
        assert max(state["L"].sum(axis=0).max(), state["L"].sum(axis=1).max()) <= 1 + 1e-5


@every_model
@every_type
def test_the_loss_of_a_hopeless_guess(name, dtype, rng):
    """With a logit of 1e5 on the wrong character the loss is 1e5 nats a character, not log of a rounded 0."""
    module, params, inputs, _, state = make(name, rng)
    params = as_type({key: 0 * value for key, value in params.items()}, dtype)
    params["by"][1] = 1e5
    with np.errstate(all="raise", under="ignore"):
        wrong, _, _ = module.train(params, inputs, 0 * inputs, as_type(state, dtype))
        right, grads, _ = module.train(params, inputs, 0 * inputs + 1, as_type(state, dtype))
        one = as_type({key: value[..., :1] for key, value in state.items()}, dtype)
        ids = module.sample(params, one, [0], 5, rng, 0.01)
    assert wrong == pytest.approx(1e5 * inputs.size, rel=1e-6)
    assert right == 0
    assert not any(grad.any() for grad in grads.values())
    assert ids.tolist() == [1] * 5


@pytest.mark.parametrize("script", DNCS)
@every_type
def test_softmax(script, dtype):
    softmax = load(script).softmax
    with np.errstate(all="raise", under="ignore"):
        w = softmax(np.array([[1e5, -1e5], [1e5, 0], [-1e5, 1e5]], dtype), axis=0)
    assert w.dtype == dtype
    assert np.array_equal(w, np.array([[0.5, 0], [0.5, 0], [0, 1]]))
    with np.errstate(all="raise", under="ignore"):
        stepped = softmax(np.array([1e5 + 1e-30j, 1e5, -1e5]), axis=0)
    assert np.allclose(stepped.real, [0.5, 0.5, 0])
    assert np.allclose(stepped.imag / 1e-30, [0.25, -0.25, 0])


@pytest.mark.parametrize("script", DNCS)
@every_type
def test_sigmoid(script, dtype):
    sigmoid = load(script).sigmoid
    with np.errstate(all="raise", under="ignore"):
        s = sigmoid(np.array([-1e5, -1, 0, 1, 1e5], dtype))
    assert s.dtype == dtype
    assert (s[0], s[2], s[4]) == (0, 0.5, 1)
    assert np.allclose(s[[1, 3]], [1 / (1 + np.e), np.e / (1 + np.e)])
    with np.errstate(all="raise", under="ignore"):
        slopes = sigmoid(np.array([-1e5, -1, 0, 1, 1e5]) + 1e-30j).imag / 1e-30
    assert np.allclose(slopes, s * (1 - s), atol=1e-7)


@pytest.mark.parametrize("script", DNCS)
@every_type
def test_oneplus(script, dtype):
    oneplus = load(script).oneplus
    with np.errstate(all="raise", under="ignore"):
        x = oneplus(np.array([-1e5, -1, 0, 1, 1e5], dtype))
    assert x.dtype == dtype
    assert np.allclose(x, [1, 1 + np.log1p(1 / np.e), 1 + np.log(2), 1 + np.log1p(np.e), 1e5 + 1], rtol=1e-6)
    with np.errstate(all="raise", under="ignore"):
        slopes = oneplus(np.array([-1e5, -1, 0, 1, 1e5]) + 1e-30j).imag / 1e-30
    assert np.allclose(slopes, [0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1])


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_loss_is_exact_under_complex_steps_where_logits_all_but_tie(script, rng):
    """Its gradient is probs - 1 at the target, whichever entries rounding makes the largest."""
    module, targets = load(script), rng.integers(5, size=(4, 3))
    y = 1 + 1e-16 * rng.standard_normal((4, 5, 3)) + 1e-30j * rng.standard_normal((4, 5, 3))
    y[0, 0] -= 1e5  # a target that underflows among the others
    targets[0] = 0
    slopes = np.exp(y.real - y.real.max(axis=1, keepdims=True))
    slopes /= slopes.sum(axis=1, keepdims=True)
    np.put_along_axis(slopes, targets[:, None], np.take_along_axis(slopes, targets[:, None], 1) - 1, 1)
    y -= y.max(axis=1, keepdims=True)
    loss = module.cross_entropy({"y": y, "Z": np.exp(y).sum(axis=1, keepdims=True)}, targets)
    assert loss.imag == pytest.approx((slopes * y.imag).sum(), rel=1e-9, abs=0)
