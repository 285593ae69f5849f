"""nn: layers, losses, optimizers and training, on microtensor; and the cat classifier."""

from .cats import datasets
from .cats.classifier import CatClassifier
from .checkpoint import load, save
from .init import he_normal, he_uniform, lecun_normal, xavier_normal, xavier_uniform
from .layers import Dropout, Flatten, Linear, ReLU, Sigmoid, Softmax, Tanh
from .losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from .module import Buffer, Module, Parameter, Sequential
from .optim import SGD, Adam, Optimizer
from .training import History, Stop, accuracy, fit, predict

__all__ = [
    "SGD",
    "Adam",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Buffer",
    "CatClassifier",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "History",
    "Linear",
    "MSELoss",
    "Module",
    "Optimizer",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Stop",
    "Tanh",
    "accuracy",
    "datasets",
    "fit",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "load",
    "predict",
    "save",
    "xavier_normal",
    "xavier_uniform",
]
