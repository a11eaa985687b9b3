"""The bank-balanced machine. See README.md."""

from accelsim.engines.bbs.job import BbsJob, make_bbs_job, run_bbs
from accelsim.engines.bbs.lstm import lstm_step_cycles

__all__ = ["BbsJob", "lstm_step_cycles", "make_bbs_job", "run_bbs"]
