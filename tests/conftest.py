"""What all tests share: the helpers here can be imported, state can't leak, and the two tiers."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# What is in force has no public name; a look from outside would take as long as many a test does.
from microtensor.modes import Mode, current_mode

sys.path.insert(0, str(Path(__file__).parent))
os.environ.pop("MICROTENSOR_LANGUAGE", None)  # tests read English where they don't ask otherwise

# How many examples each property is tried on: the same ones in every run.
settings.register_profile("few", max_examples=30, derandomize=True, deadline=None, database=None)
settings.register_profile("many", settings.get_profile("few"), max_examples=300)
settings.load_profile("few")


# Files of a few tests that take long: begun first, no core waits for another at the end
LONG = {"test_tutorial", "test_site", "test_benchmarks", "test_classifier", "test_gallery"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whoever asks for the browser is a test of the tier that needs one."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.path.stem not in LONG)


def pytest_collection():
    """What 30,000 tests are made of stays: the collector needn't look through it every time."""
    gc.disable()


def pytest_collection_finish():
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown():
    """After each test recording is on again, in no group, and nothing watches."""
    yield
    assert current_mode() == Mode()
