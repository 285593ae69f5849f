"""What all tests share: the helpers of this folder can be imported, and state can't leak."""

import sys
from pathlib import Path

import pytest

import microtensor as mt

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _state_is_back_to_normal():
    """After each test recording is on again, in no group, and nothing watches."""
    yield
    a = mt.Tensor(1.0, requires_grad=True)
    result = a * float("inf")
    assert result.requires_grad
    assert mt.Graph.of(result).nodes[-1].group == ()
