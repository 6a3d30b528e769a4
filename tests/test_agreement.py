"""What must not depend on the script, on where a batch ends, or on the company a sequence keeps."""

import numpy as np
import pytest
from helpers import CELLS, DNCS, MODELS, load, make, relative_error

every_model = pytest.mark.parametrize("name", MODELS)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("memory, heads", [("content", 1), ("paper", 1), ("paper", 2), ("paper", 4)])
@pytest.mark.parametrize("locations", [1, 2, 9])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "random"])
def test_the_two_dnc_scripts_agree(cell, memory, heads, locations, fresh, rng):
    sizes = {"vocab": 6, "hidden": 8, "heads": heads, "locations": locations, "width": 5, "steps": 10}
    _, *batch = make(f"dnc-numpy-{memory}-{cell}", rng, **sizes, fresh=fresh)
    check_agreement(batch, ties=fresh and memory == "paper")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("locations", [49, 50, 51])
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "random"])
def test_they_agree_where_the_content_memory_is_not_small(cell, locations, fresh, rng):
    """From 2,000 numbers a sequence on, dnc-numpy.py computes it otherwise."""
    sizes = {"vocab": 6, "hidden": 8, "locations": locations, "width": 40, "steps": 10, "scale": 0.3}
    _, *batch = make(f"dnc-numpy-content-{cell}", rng, **sizes, fresh=fresh)
    check_agreement(batch)


def check_agreement(batch, ties=False):
    """Train with both scripts. Equal rows tie to the last bit: their order is up to the rounding."""
    fast, plain = (list(load(script).train(*batch)) for script in DNCS)
    assert fast[0] == pytest.approx(plain[0], rel=1e-10, abs=0)
    assert relative_error(fast[1], plain[1]) < 1e-10
    if ties:
        fast[2], plain[2] = ({name: end[name] for name in ("h", "r")} for end in (fast[2], plain[2]))
    assert relative_error(fast[2], plain[2]) < 1e-10


@every_model
@pytest.mark.parametrize("split", [1, 4, 5])
def test_a_sequence_may_be_split_between_batches(name, split, rng):
    """That is what carrying the state means: all of it, or the second batch would come out differently."""
    module, params, inputs, targets, state = make(name, rng, steps=6)
    probs, _, end = module.forward(params, inputs, state)
    first_probs, _, middle = module.forward(params, inputs[:split], state)
    second_probs, _, second_end = module.forward(params, inputs[split:], middle)
    assert np.allclose(np.concatenate([first_probs, second_probs]), probs, rtol=1e-10, atol=1e-14)
    assert relative_error(second_end, end) < 1e-10

    whole, _, _ = module.train(params, inputs, targets, state)
    first, _, middle = module.train(params, inputs[:split], targets[:split], state)
    second, _, _ = module.train(params, inputs[split:], targets[split:], middle)
    assert first + second == pytest.approx(whole, rel=1e-12)


@every_model
def test_the_sequences_of_a_batch_are_independent(name, rng):
    """Three in a batch give the sum of what each gives alone, and each the state that it has alone."""
    module, params, inputs, targets, state = make(name, rng, batch=3, steps=6)
    loss, grads, end = module.train(params, inputs, targets, state)
    alone = []
    for b in range(3):
        part = {key: value[..., b : b + 1] for key, value in state.items()}
        alone.append(module.train(params, inputs[:, b : b + 1], targets[:, b : b + 1], part))
    assert loss == pytest.approx(sum(result[0] for result in alone), rel=1e-12)
    assert relative_error(grads, {key: sum(result[1][key] for result in alone) for key in grads}) < 1e-10
    joined = {key: np.concatenate([result[2][key] for result in alone], axis=-1) for key in end}
    assert relative_error(end, joined) < 1e-10
