"""Frozen records that travel between the stages, valid once built."""

from accelsim.records.layer import BinaryPoints, CompressedLayer, Layer
from accelsim.records.losses import Loss
from accelsim.records.matrix import CscMatrix, FloatArray, Index

__all__ = [
    "BinaryPoints", "CompressedLayer", "CscMatrix", "FloatArray", "Index", "Layer", "Loss",
]
