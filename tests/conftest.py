"""What pytest sets up for all tests: random numbers and examples that are the same in every run."""

import hypothesis
import numpy as np
import pytest
from helpers import STARTED

hypothesis.settings.register_profile("same", deadline=None, derandomize=True, max_examples=60, database=None)
hypothesis.settings.load_profile("same")


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(1)


@pytest.fixture(autouse=True)
def nothing_runs_on():
    """What a test has started ends with it, also if it fails."""
    yield
    while STARTED:
        run = STARTED.pop()
        run.kill()
        run.wait()
