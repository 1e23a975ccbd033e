"""Two small heads on embeddings, linear and one hidden layer, with class weights, ridge penalty and Platt scaling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["HIDDEN", "Head", "HeadKind", "Platt", "class_weights", "fit_head", "fit_platt", "head_of", "sigmoid"]

HeadKind = Literal["linear", "mlp"]
HIDDEN: Final = 8
"""Units of the hidden layer."""
_RIDGE: Final = 10.0
"""Penalty on squared weights, in units of one observation, fixed beforehand: few people and 96 numbers each."""
_NEWTON_STEPS: Final = 30
_MLP_STEPS: Final = 200
_MLP_RATE: Final = 0.03

Array = NDArray[np.float64]


def sigmoid(logit: Array) -> Array:
    """``1 / (1 + exp(−logit))`` without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logit)))


@dataclass(frozen=True, slots=True)
class Head:
    """A head that has been fitted: standardise, then one or two layers."""

    kind: HeadKind
    mean: Array
    """Shape (96,), of the training people."""
    sd: Array
    layers: tuple[tuple[Array, Array], ...]
    """Weights (in, out) and biases (out,)."""

    def logit(self, x: Array) -> Array:
        """Uncalibrated log odds of embeddings (N, 96)."""
        at = (x - self.mean) / self.sd
        for weight, bias in self.layers[:-1]:
            at = np.maximum(at @ weight + bias, 0.0)
        weight, bias = self.layers[-1]
        return np.asarray(at @ weight + bias)[:, 0]

    def as_document(self) -> dict[str, Any]:
        """For keeping as JSON."""
        return {
            "kind": self.kind,
            "mean": self.mean.tolist(),
            "sd": self.sd.tolist(),
            "layers": [[weight.tolist(), bias.tolist()] for weight, bias in self.layers],
        }


def head_of(document: dict[str, Any]) -> Head:
    """The reverse of :meth:`Head.as_document`."""
    return Head(
        document["kind"],
        np.asarray(document["mean"], np.float64),
        np.asarray(document["sd"], np.float64),
        tuple((np.asarray(w, np.float64), np.asarray(b, np.float64)) for w, b in document["layers"]),
    )


def class_weights(y: NDArray[np.bool_]) -> Array:
    """One weight a person so that both classes weigh the same and the mean weight is 1, shape (N,)."""
    positive = int(y.sum())
    n = y.size
    return np.where(y, n / (2 * max(positive, 1)), n / (2 * max(n - positive, 1)))


def fit_head(kind: HeadKind, x: Array, y: NDArray[np.bool_], seed: int = 0) -> Head:
    """Fit a head on people's embeddings (N, 96) and labels (N,).

    Linear: ridge-penalised logistic regression by Newton's method. MLP: 8 hidden units, Adam on the whole set, a fixed
    number of steps, weights drawn from ``seed``. Both weigh the classes evenly.
    """
    mean, sd = x.mean(axis=0), x.std(axis=0)
    sd = np.where(sd > 0, sd, 1.0)
    z = (x - mean) / sd
    layers = _logistic(z, y) if kind == "linear" else _hidden(z, y, np.random.default_rng(seed))
    return Head(kind, mean, sd, layers)


def _logistic(z: Array, y: NDArray[np.bool_]) -> tuple[tuple[Array, Array], ...]:
    n, width = z.shape
    weight, target = class_weights(y), y.astype(np.float64)
    design = np.concatenate((z, np.ones((n, 1))), axis=1)
    penalty = np.full(width + 1, _RIDGE)
    penalty[-1] = 1e-6
    beta = np.zeros(width + 1)
    for _ in range(_NEWTON_STEPS):
        p = sigmoid(design @ beta)
        gradient = design.T @ (weight * (p - target)) + penalty * beta
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    return ((beta[:-1, None], beta[-1:]),)


def _hidden(z: Array, y: NDArray[np.bool_], random: np.random.Generator) -> tuple[tuple[Array, Array], ...]:
    n, width = z.shape
    weight, target = class_weights(y)[:, None] / n, y.astype(np.float64)[:, None]
    parameters = [
        random.normal(0, np.sqrt(2 / width), (width, HIDDEN)),
        np.zeros(HIDDEN),
        random.normal(0, np.sqrt(1 / HIDDEN), (HIDDEN, 1)),
        np.zeros(1),
    ]
    first = [np.zeros_like(one) for one in parameters]
    second = [np.zeros_like(one) for one in parameters]
    for step in range(1, _MLP_STEPS + 1):
        inner = z @ parameters[0] + parameters[1]
        active = np.maximum(inner, 0.0)
        error = weight * (sigmoid(active @ parameters[2] + parameters[3]) - target)
        back = (error @ parameters[2].T) * (inner > 0)
        gradients = [
            z.T @ back + _RIDGE / n * parameters[0],
            back.sum(axis=0),
            active.T @ error + _RIDGE / n * parameters[2],
            error.sum(axis=0),
        ]
        for index, gradient in enumerate(gradients):
            first[index] = 0.9 * first[index] + 0.1 * gradient
            second[index] = 0.999 * second[index] + 0.001 * gradient * gradient
            moved = first[index] / (1 - 0.9**step)
            parameters[index] -= _MLP_RATE * moved / (np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8)
    return ((parameters[0], parameters[1]), (parameters[2], parameters[3]))


@dataclass(frozen=True, slots=True)
class Platt:
    """Calibration: probability = sigmoid(slope · logit + intercept)."""

    slope: float
    intercept: float

    def probability(self, logit: Array) -> Array:
        """Calibrated probabilities of log odds, any shape."""
        return sigmoid(self.slope * logit + self.intercept)


def fit_platt(logit: Array, y: NDArray[np.bool_]) -> Platt:
    """Platt's two-parameter calibration, with his smoothed targets, by Newton's method (Platt 1999)."""
    positive = int(y.sum())
    negative = y.size - positive
    target = np.where(y, (positive + 1) / (positive + 2), 1 / (negative + 2))
    design = np.stack((logit, np.ones_like(logit)), axis=1)
    beta = np.array([0.0, np.log((positive + 1) / (negative + 1))])

    def loss(at: Array) -> float:
        value = design @ at
        return float((np.logaddexp(0, value) - target * value).sum())

    return Platt(*(float(one) for one in _newton(beta, design, target, loss)))


def _newton(beta: Array, design: Array, target: Array, loss: Callable[[Array], float]) -> Array:
    held = loss(beta)
    for _ in range(_NEWTON_STEPS):
        p = sigmoid(design @ beta)
        gradient = design.T @ (p - target)
        curvature = (design * (p * (1 - p))[:, None]).T @ design + 1e-10 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        while scale > 1e-6 and loss(beta - scale * step) > held:
            scale /= 2
        beta = beta - scale * step
        now = loss(beta)
        if held - now < 1e-10:
            break
        held = now
    return beta
