"""nn: layers, losses, optimizers and training, on microtensor; and the cat classifier."""

from .cats import datasets
from .cats.classifier import CatClassifier
from .checkpoint import load, save
from .images import AvgPool2d, Conv2d, MaxPool2d
from .init import he_normal, he_uniform, lecun_normal, seed, xavier_normal, xavier_uniform
from .layers import (
    GELU,
    BatchNorm,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from .losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from .module import Buffer, Module, Parameter, Sequential
from .optim import SGD, Adam, AdamW, Optimizer, clip_grad_norm
from .training import History, Stop, accuracy, batches, fit, predict

__all__ = [
    "GELU",
    "SGD",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm",
    "Buffer",
    "CatClassifier",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "History",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MSELoss",
    "MaxPool2d",
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
    "batches",
    "clip_grad_norm",
    "datasets",
    "fit",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "load",
    "predict",
    "save",
    "seed",
    "xavier_normal",
    "xavier_uniform",
]
