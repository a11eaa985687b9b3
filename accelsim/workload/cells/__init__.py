"""Recurrent layers in files: LSTMs and GRUs of ONNX, PyTorch and Keras, as whole cells.

`recurrent_contents` lists what a file holds; README.md says which forms are read.
"""

from accelsim.workload.cells.contents import (
    RecurrentContents,
    RecurrentEntry,
    chosen_entries,
)
from accelsim.workload.cells.files import recurrent_contents

__all__ = ["RecurrentContents", "RecurrentEntry", "chosen_entries", "recurrent_contents"]
