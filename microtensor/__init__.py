"""microtensor: a tiny NumPy autodiff engine that shows its work."""

from typing import TYPE_CHECKING

from . import functions, operations
from . import interop as interop  # from here on, NumPy's functions find the rules of tensors
from . import linalg as linalg
from .backward import grad as grad
from .check import check_gradients as check_gradients
from .check import detect_anomaly as detect_anomaly
from .derivatives import hessian as hessian
from .derivatives import jacobian as jacobian
from .errors import GradientError as GradientError
from .errors import NoRenderer as NoRenderer
from .errors import ShapeError as ShapeError
from .functions import *  # noqa: F403
from .graph import Edge as Edge
from .graph import Graph as Graph
from .graph import Node as Node
from .graph import Step as Step
from .interop import from_dlpack as from_dlpack
from .modes import group as group
from .modes import no_grad as no_grad
from .modes import record_anew as record_anew
from .modes import record_constants as record_constants
from .operations import *  # noqa: F403
from .primitive import primitive as primitive
from .program.compile import compile as compile
from .sampling import sample as sample
from .tensor import Tensor as Tensor
from .views import Difference as Difference
from .views import detail as detail
from .views import difference as difference
from .views import draw as draw
from .views import explain as explain
from .views import film as film
from .views import follow as follow
from .views import frames as frames
from .views import page as page
from .views import paths as paths
from .views import to_source as to_source
from .views import worksheet as worksheet

__version__ = "0.2.0"

if not TYPE_CHECKING:  # to type checkers, `as` and `*` say what is public: they read no list
    __all__ = (
        (
            "Difference Edge GradientError Graph NoRenderer Node ShapeError Step Tensor "
            "check_gradients compile detail detect_anomaly difference draw explain film "
            "follow frames from_dlpack grad group hessian jacobian linalg no_grad page paths "
            "primitive record_anew record_constants sample to_source worksheet"
        ).split()
        + operations.__all__
        + functions.__all__
    )
