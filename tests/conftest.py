"""What pytest sets up for all tests: random numbers and examples that are the same in every run."""

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("same", deadline=None, derandomize=True, max_examples=60, database=None)
hypothesis.settings.load_profile("same")


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(1)
