"""Training of small networks in NumPy: masked fine-tuning for searches, straight-through training
of number systems.

===================  ==============================================================================
``Trainable``        a `Network` as float32 matrices, its gradients, and back as a `Network`
``Schedule``         a stretch of SGD with momentum, the rate falls along a cosine
``train``            trains in place, with masks and with weights seen through a rounding
``Labelled``         images and labels, and the split that is held out
===================  ==============================================================================

Products are BLAS's, which rounds by the number of its threads: `accelsim codesign` sets one.
"""

from accelsim.training.labelled import Labelled, held_out, load_labelled
from accelsim.training.network import Trainable
from accelsim.training.sgd import Schedule, train

__all__ = ["Labelled", "Schedule", "Trainable", "held_out", "load_labelled", "train"]
