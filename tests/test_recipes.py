"""What the recipes promise beside the code of their pages: ONNX, and what type checkers say."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from microtensor import exp, where

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "docs" / "recipes"


def python_of(page):
    """The code of a page, as one program."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return "\n\n".join(block for block in blocks if "Written by microtensor." not in block)


@pytest.fixture
def session(monkeypatch):
    """Exports a model for some examples, and gives what onnxruntime computes of others."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    runtime = pytest.importorskip("onnxruntime", reason="runs an exported model")
    checker = pytest.importorskip("onnx", reason="exports a model").checker
    from export_onnx import to_onnx

    def export(model, X):
        exported = to_onnx(model, X)
        checker.check_model(exported, full_check=True)
        running = runtime.InferenceSession(
            exported.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return lambda x: running.run(["outputs"], {"inputs": x})[0]

    return export


class Several(nn.Module):
    """Rules that no layer is made of."""

    def __init__(self):
        self.factor = nn.Parameter(2.0, name="factor")
        self.allowed = np.array([True, False, True])

    def forward(self, x):
        kept = where(self.allowed, x, 0.5) - x[:, 1:2] + x[..., ::-1]
        small = np.minimum(np.abs(kept), 3) ** 2 / (1 + exp(-x).sum(axis=1, keepdims=True))
        whole = np.concatenate([small, np.pad(x, ((0, 0), (1, 0)), constant_values=2)], axis=1)
        return self.factor * (whole - x.mean()).unsqueeze(1).mT.squeeze(2).softplus()


def layer_by_layer(rng):
    return {
        "mlp": ((3,), nn.Sequential(nn.Linear(3, 4, rng=1), nn.Tanh(), nn.Linear(4, 1, rng=2))),
        "norms": ((3,), nn.Sequential(nn.LayerNorm(3), nn.Dropout(0.5), nn.Sigmoid())),
        "cats": ((12,), nn.CatClassifier((12, 4, 1), rng=1)),
        "conv": (
            (2, 7, 9),
            nn.Sequential(
                nn.Conv2d(2, 4, 3, padding=1, rng=1),
                nn.BatchNorm(4),
                nn.LeakyReLU(),
                nn.MaxPool2d(2),  # cuts the last row and column off
                nn.Conv2d(4, 3, 2, stride=(1, 2), rng=2),
                nn.GELU("tanh"),
                nn.AvgPool2d(2, stride=1),
                nn.Flatten(),
                nn.Softmax(),
            ),
        ),
        "several": ((3,), Several()),
    }


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", list(layer_by_layer(None)))
def test_onnx_computes_the_same_for_any_number_of_examples(name, dtype, session):
    rng = np.random.default_rng(0)
    shape, model = layer_by_layer(rng)[name]
    if name == "conv":
        model(rng.normal(1, 2, (5, *shape)))  # running statistics of their own
    run = session(model, rng.normal(size=(2, *shape)).astype(dtype))
    for n in (1, 2, 6):
        x = rng.normal(size=(n, *shape)).astype(dtype)
        ours, theirs = model(x).numpy(), run(x)
        assert theirs.dtype == dtype
        assert theirs.shape == ours.shape
        assert np.abs(theirs - ours).max() <= (1e-6 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda x: np.sort(x * 1.0, axis=1), "sort has no translation"),
        (lambda x: (x * 1.0).var(axis=1), "var has no translation"),
        (lambda x: np.round(x * 1.0, 1), "round has no translation"),
        (lambda x: (x * 1.0)[0], "getitem has no translation"),
        (lambda x: (x * 1.0)[::-1], "getitem has no translation"),
        (lambda x: x * np.eye(2)[[0, 1]][:, :1] if len(x) == 2 else x * np.ones((3, 1)), "depends"),
        (lambda x: x / len(x), "2 depends on the inputs"),
        (lambda x: (x * 1.0).exp() if len(x) == 2 else (x * 1.0).sin(), "depends on the inputs"),
        (lambda x: (x * 1.0)[:, len(x) - 1], "depends on the inputs"),
        (lambda x: (x * 1.0).sum(axis=len(x) - 2), "depends on the inputs"),
        (lambda x: x - x.numpy().mean(axis=0), "depends on the inputs"),
    ],
)
def test_onnx_names_what_it_cannot_translate(function, named, session):
    class Own(nn.Module):
        def forward(self, x):
            return function(x)

    with pytest.raises(ValueError, match=named):
        session(Own(), np.arange(12.0).reshape(4, 3))


def test_what_is_promised_to_be_short_is():
    assert len((ROOT / "examples" / "export_onnx.py").read_text().splitlines()) <= 60
    estimator = python_of(RECIPES / "scikit-learn.md").partition("from sklearn.datasets")[0]
    assert len(estimator.strip().splitlines()) <= 40


UNTYPED = {  # pages whose code type checkers can't know, and what is to blame
    "gradients.md": "np.sum of a tensor is a number to NumPy's annotations",
    "operations.md": "np.vstack of tensors is an array to them",
    "hooks.md": "find gives None where nothing is found",
    "pictures.md": "the same",
    "frames.md": "a frame's columns may be several",
    "onnx.md": "onnxruntime's outputs may be of any kind",
    "scikit-learn.md": "validate_data gives what was asked for",
}
TYPED = """
import nn
from microtensor import Tensor


class Scale(nn.Module):
    def __init__(self) -> None:
        self.factor = nn.Parameter(1.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


class Named(Scale):
    def forward(self, x: Tensor, *, twice: bool = False) -> Tensor:
        return super().forward(super().forward(x) if twice else x).tanh()


model = nn.Sequential(nn.Linear(2, 1, rng=1), Scale(), Named())
optimizer = nn.Adam(model.parameters(), lr=0.05)
model([[1.0, 2.0]]).sum().backward()
optimizer.step()
print(model[0].weight.grad.tolist(), model.layers[1].factor.item())
"""


@pytest.mark.acceptance
def test_pyright_has_no_complaint(tmp_path):
    pytest.importorskip("pyright", reason="the type checker")
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        if page.name not in UNTYPED and python_of(page):
            name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_")
            (tmp_path / f"page_{name}.py").write_text(python_of(page))
    (tmp_path / "typed.py").write_text(TYPED)
    shutil.copytree(ROOT / "examples" / "models", tmp_path / "models")
    settings = {
        "extraPaths": [str(ROOT), "models"],
        "reportMissingImports": False,  # of packages that aren't installed here
        "reportPossiblyUnboundVariable": False,  # after loops of a script, which are run through
        "reportUnusedExpression": False,  # what a notebook shows
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)]
    found = subprocess.run([*command, "--outputjson"], capture_output=True, text=True)
    report = json.loads(found.stdout[found.stdout.index("{") :])  # behind what it fetched first
    complaints = [
        f"{Path(x['file']).name}:{x['range']['start']['line'] + 1} {x['message']}"
        for x in report["generalDiagnostics"]
    ]
    assert complaints == []
    assert report["summary"]["filesAnalyzed"] > 20


@pytest.mark.acceptance
def test_mypy_accepts_a_module_of_ones_own(tmp_path):
    pytest.importorskip("mypy", reason="the other type checker")
    path = tmp_path / "typed.py"
    path.write_text(TYPED)
    command = [sys.executable, "-m", "mypy", "--strict", path]  # from here: what it knows is kept
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.startswith("Success"), found.stdout + found.stderr
