"""ESE: recurrent layers on channels of PEs that share a stream of weights. See README.md."""

from accelsim.engines.ese.job import RecurrentJob, RecurrentRun, make_job
from accelsim.engines.ese.simulate import ENGINES, load_engine, run_recurrent

__all__ = [
    "ENGINES", "RecurrentJob", "RecurrentRun", "load_engine", "make_job", "run_recurrent",
]
