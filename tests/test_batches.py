"""Cutting batches out of the text: where the pointers walk, where they jump, and what is set back then."""

import numpy as np
import pytest
from helpers import SCRIPTS, load

MODELS = [(script, []) for script in SCRIPTS] + [("dnc-numpy.py", ["--memory", "paper"])]


def model_of(script, words, B, S):
    """A small model and its options, its vocabulary the numbers below 50."""
    module = load(script)
    words = [*words, "--hidden", 3, "--batchsize", B, "--seqlength", S, "--seed", 1]
    options, _ = module.read_options(list(map(str, words)))
    return module, module.new_model(np.arange(50), options), options


@pytest.mark.parametrize(("script", "words"), MODELS)
def test_pointers_walk_in_steps_and_jump_when_less_than_a_batch_is_left(script, words):
    S, ids = 7, np.arange(50, dtype=np.uint8)  # each id tells its place
    module, model, options = model_of(script, words, 4, S)
    last, jumps, starts = None, 0, set()
    for _ in range(400):
        for value in model["state"].values():
            value[:] = 9  # what training would leave
        inputs, targets = module.next_batch(model, ids, options)
        assert inputs.shape == targets.shape == (S, 4)
        assert np.array_equal(targets, inputs + 1) and np.array_equal(
            np.diff(inputs, axis=0), np.ones((S - 1, 4))
        )
        for b in range(4):
            jumped = last is None or last[b] + S + 1 > len(ids)
            assert jumped or inputs[0, b] == last[b]
            for name, value in model["state"].items():
                column = value[..., b]
                fresh = np.abs(column).max() < 0.1 if name == "M" else not column.any()
                assert fresh if jumped else (column == 9).all()
            jumps += jumped
            starts |= {int(inputs[0, b])} if jumped else set()
        last = inputs[-1] + 1
    assert (
        starts == set(range(len(ids) - S)) and jumps > 200
    )  # every place that a batch fits in, and no other


def test_a_text_of_one_batch_is_read_over_and_over():
    module, model, options = model_of("rnn-numpy.py", [], 2, 7)
    for _ in range(5):
        inputs, _ = module.next_batch(model, np.arange(8), options)
        assert np.array_equal(inputs[:, 0], np.arange(7))


@pytest.mark.parametrize("script", SCRIPTS)
def test_adagrad_and_clipping_by_hand(script):
    module = load(script)
    flat, sums = np.array([1.0, -2.0, 3.0]), np.array([0.0, 9.0, 0.0])
    module.adagrad(flat, sums, np.array([10.0, -4.0, 0.0]), 0.5, 0)
    assert sums.tolist() == [100, 25, 0] and flat == pytest.approx([0.5, -1.6, 3])
    flat, sums = np.array([1.0, -2.0]), np.zeros(2)
    module.adagrad(flat, sums, np.array([10.0, -4.0]), 0.5, 5)
    assert sums.tolist() == [25, 16] and flat == pytest.approx([0.5, -1.5])
