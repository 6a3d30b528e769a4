"""The sampler writes from the model that was trained: forward's distribution, and forward's state."""

import numpy as np
import pytest
from helpers import MODELS, copies, make, same

every_model = pytest.mark.parametrize("name", MODELS)
PROMPT = [2]


def writer(name, rng):
    """A model of one sequence whose next character hangs on what came before, more than on the last one."""
    module, params, _, _, state = make(name, rng, vocab=5, hidden=4, batch=1, scale=1.3)
    return module, params, state


def distributions(module, params, state, ids):
    """What one forward over the sampled sequence gives before each of its ids: (n, V)."""
    read = np.concatenate([PROMPT, ids[:-1]])[:, None]
    return module.forward(params, read, state)[0][:, :, 0]


@every_model
def test_one_character_is_drawn_from_what_forward_gives(name, rng):
    """Counts of 2,500 draws from the same state; chi-square with 4 degrees of freedom: p = 1e-5 at 28.5."""
    module, params, state = writer(name, rng)
    p = distributions(module, params, state, np.zeros(1, int))[0]
    draws = [module.sample(params, state, PROMPT, 1, rng)[0] for _ in range(2500)]
    counts = np.bincount(draws, minlength=5)
    assert ((counts - 2500 * p) ** 2 / (2500 * p)).sum() < 28.5


# What a temperature does is the same text in each script; here two of them
TEMPERATURES = [(name, 1.0, 1) for name in MODELS]
TEMPERATURES += [
    (name, *pair) for name in ("rnn", "dnc-numpy-paper-standard") for pair in ((0.5, 2), (2.0, 0.5))
]


@pytest.mark.parametrize("name, temperature, power", TEMPERATURES)
def test_every_character_of_a_long_sample_is_too(name, temperature, power, rng):
    """Given what came before, each character comes as often as forward says: all z within 4.5 deviations.

    Temperature 0.5 stands for p squared, 2 for its root, both normalised.
    """
    module, params, state = writer(name, rng)
    ids = module.sample(params, state, PROMPT, 2000, rng, temperature)
    p = distributions(module, params, state, ids) ** power
    p /= p.sum(axis=1, keepdims=True)
    came, last = np.eye(5)[ids], np.concatenate([PROMPT, ids[:-1]])
    for when in (last >= 0, *(last == ix for ix in range(5))):  # after anything, and after each character
        z = (came - p)[when].sum(axis=0) / np.sqrt((p * (1 - p))[when].sum(axis=0) + 1)
        assert np.abs(z).max() < 4.5
    surprise, entropy = -np.log((came * p).sum(axis=1)), -(p * np.log(p)).sum(axis=1)
    variance = (p * np.log(p) ** 2).sum() - (entropy**2).sum()
    assert abs((surprise - entropy).sum()) < 4.5 * np.sqrt(variance)


@every_model
def test_temperature_0_takes_the_likeliest_and_its_state_walks_as_trainings(name, rng):
    module, params, state = writer(name, rng)
    ids = module.sample(params, state, PROMPT, 60, rng, 0)
    assert len(ids) == 60
    assert np.array_equal(ids, distributions(module, params, state, ids).argmax(axis=1))


@every_model
def test_a_sample_changes_nothing_and_can_be_repeated(name, rng):
    module, params, state = writer(name, rng)
    before = copies(params), copies(state)
    one, two, other = (
        module.sample(params, state, PROMPT, 30, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert same(params, before[0]) and same(state, before[1])
    assert np.array_equal(one, two) and not np.array_equal(one, other)
    assert one.dtype.kind == "i" and one.shape == (30,) and one.min() >= 0 and one.max() < 5


@every_model
def test_a_sample_of_nothing_is_empty(name, rng):
    module, params, state = writer(name, rng)
    assert module.sample(params, state, PROMPT, 0, rng).shape == (0,)


@every_model
@pytest.mark.parametrize("temperature", [0, 1.0])
def test_a_prompt_is_read_as_by_forward(name, temperature, rng):
    """All of it but its last id moves the state on; that one is what a sample begins with."""
    module, params, state = writer(name, rng)
    differ = 0
    for seed, prompt in enumerate(rng.integers(5, size=(15, 7))):
        _, _, after = module.forward(params, prompt[:-1, None], state)
        cases = (state, prompt), (after, prompt[-1:]), (state, prompt[-1:])
        ids, expected, other = (
            module.sample(params, *case, 10, np.random.default_rng(seed), temperature) for case in cases
        )
        assert np.array_equal(ids, expected)
        assert ids.dtype == np.intp and ids.shape == (10,)
        differ += not np.array_equal(ids, other)
    assert differ  # what stands before its last id counts


@every_model
@pytest.mark.parametrize("form", [list, tuple, np.array])
def test_a_prompt_is_any_sequence_of_ids_and_changes_nothing(name, form, rng):
    module, params, state = writer(name, rng)
    prompt, before = form([1, 4, 0]), copies(state)
    ids = module.sample(params, state, prompt, 20, np.random.default_rng(7))
    assert np.array_equal(ids, module.sample(params, state, [1, 4, 0], 20, np.random.default_rng(7)))
    assert list(prompt) == [1, 4, 0] and same(state, before)
