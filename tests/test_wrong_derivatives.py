"""The check along random directions: it approves the right code, and no wrong derivative slips past it.

All of those are tried by python tests/experiments/wrong_derivatives.py; here every ninth is.
"""

import numpy as np
import pytest
from helpers import MODELS, ROOT, load, make

experiment = load("tests/experiments/wrong_derivatives.py")
CHANGES = [
    (script, words, what, *change)
    for (script, words), changes in experiment.WRONG.items()
    for what, change in changes.items()
]
every_model = pytest.mark.parametrize("name", MODELS)


def check(module, params, _inputs, _targets, state, rng):
    """The errors along random directions for a case of make."""
    return module.directional_errors(params, state, rng)


@pytest.mark.parametrize("script, words, what, old, new", CHANGES[::9])
def test_wrong_derivatives_are_refused(script, words, what, old, new):
    module = experiment.changed(script, old, new)
    assert not any(experiment.worst_error(module, words, seed)[1] for seed in range(3))


def test_every_wrong_derivative_can_be_made():
    """What is changed stands once in its script; and there are enough of them in each."""
    sources = {script: (ROOT / script).read_text(encoding="utf-8") for script, *_ in CHANGES}
    assert [what for script, _, what, old, _ in CHANGES if sources[script].count(old) != 1] == []
    assert len(CHANGES) > 250 and len(sources) == 4


@every_model
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("scale", [1e-8, 0.7, 10])
def test_the_right_code_is_approved(name, batch, scale, rng):
    module, *case = make(name, rng, hidden=12, vocab=9, locations=5, width=4, batch=batch, scale=scale)
    errors = check(module, *case, rng)
    assert list(errors) == list(case[0])
    assert max(errors.values()) < 1e-10 / 30
    text, right = module.verdict(errors)
    assert right and text.splitlines()[-1].startswith("the gradient is right: ")


@every_model
def test_a_text_of_one_letter_is_right(name, rng):
    module, *case = make(name, rng, vocab=1)
    assert set(check(module, *case, rng).values()) == {0.0}


@every_model
def test_neither_parameters_nor_state_change(name, rng):
    module, params, inputs, targets, state = make(name, rng)
    before = [value.copy() for value in [*params.values(), *state.values()]]
    check(module, params, inputs, targets, state, rng)
    assert all(map(np.array_equal, before, [*params.values(), *state.values()]))


@every_model
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e-6])
def test_one_wrong_entry_is_named(name, wrong, rng, monkeypatch):
    """One entry of one parameter, not a number or a millionth of the norm off."""
    module, *case = make(name, rng)
    right = module.backward

    def backward(*args):
        grads = right(*args)
        change = np.zeros_like(grads["Why"])
        change[-1, -1] = wrong * np.linalg.norm(grads["Why"])
        return {**grads, "Why": grads["Why"] + change}

    monkeypatch.setattr(module, "backward", backward)
    with np.errstate(all="ignore"):
        text, right = module.verdict(check(module, *case, rng))
    assert text.splitlines()[-1].startswith("the gradient is WRONG in Why: ") and not right


@pytest.mark.parametrize("script", ["rnn-numpy.py", "dnc-debug.py"])
def test_gradcheck_ends_with_the_verdict(script, capsys, monkeypatch):
    """A line for each parameter, one in words, and the exit status."""
    module = load(script)
    words = ["--gradcheck", "--hidden", "4", "--batchsize", "2", "--seqlength", "3", "--seed", "1"]
    assert module.main(words) == 0
    *_, line, last = capsys.readouterr().out.splitlines()
    assert line.startswith("by:             error along a random direction ")
    assert last.startswith("the gradient is right: ")
    right = module.backward
    monkeypatch.setattr(
        module, "backward", lambda *args: {**right(*args), "by": 1.00001 * right(*args)["by"]}
    )
    assert module.main(words) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("the gradient is WRONG in by: ")
