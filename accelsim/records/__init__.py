"""Frozen records that travel between the stages, valid once built."""

from accelsim.records.convolution import CompressedConv, Conv2d
from accelsim.records.geometry import Geometry
from accelsim.records.layer import BinaryPoints, CompressedLayer, Layer
from accelsim.records.losses import Loss
from accelsim.records.matrix import CscMatrix, FloatArray, Index

__all__ = [
    "BinaryPoints", "CompressedConv", "CompressedLayer", "Conv2d", "CscMatrix", "FloatArray",
    "Geometry", "Index", "Layer", "Loss",
]
