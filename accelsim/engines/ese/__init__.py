"""ESE: recurrent layers on channels of PEs that share a stream of weights. See README.md."""

from accelsim.engines.ese.job import RecurrentJob, RecurrentRun, make_job
from accelsim.engines.ese.simulate import ENGINES, run_recurrent

__all__ = ["ENGINES", "RecurrentJob", "RecurrentRun", "make_job", "run_recurrent"]
