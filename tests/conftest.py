"""What all tests share: the helpers here can be imported, state can't leak, and the two tiers."""

import gc
import json
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


# Where .ci/run names a file: what README's test command passed, which needn't pass again
PASSED = os.environ.get("MICROTENSOR_PASSED")

# Files of a few tests that take long: begun first, no core waits for another at the end
LONG = {"test_tutorial", "test_site", "test_benchmarks", "test_classifier", "test_gallery"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Whoever asks for the browser is a test of the tier that needs one; what passed isn't run."""
    if PASSED and Path(PASSED).exists():
        passed = set(json.loads(Path(PASSED).read_text("utf-8")))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in passed])
        items[:] = [item for item in items if item.nodeid not in passed]
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.path.stem not in LONG)


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """Writes down what passed. Not properties, which are tried on more examples among all tests;
    nor anything of a file that skipped a test, and may do more where nothing is missing."""
    is_worker = hasattr(config, "workerinput")  # which knows of its own tests only
    if not PASSED or Path(PASSED).exists() or exitstatus or is_worker:
        return
    passed, skipped = (terminalreporter.stats.get(kind, []) for kind in ("passed", "skipped"))
    done = {report.nodeid for report in passed if "hypothesis" not in report.keywords}
    lacking = {report.nodeid.partition("::")[0] for report in skipped}
    kept = sorted(name for name in done if name.partition("::")[0] not in lacking)
    Path(PASSED).write_text(json.dumps(kept), "utf-8")


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
