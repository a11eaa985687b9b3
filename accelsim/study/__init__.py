"""Many runs: studies that resume and scale out, and what an architect asks of their results.

======================  ===========================================================================
``Study``               which machines run which layers; ``load_study`` reads one from a file
``sweep``               works out the points that a results file does not hold
``run_study``           the same, and gives a pandas.DataFrame
``Results``             reads a results file
``pareto_front``        designs that no other design beats; ``fronts`` says what was left out too
``explore``             guided search with Optuna
``sensitivity``         what one step of each parameter does
``register_metric``     adds a column
======================  ===========================================================================
"""

from accelsim.study.definition import Study, load_study
from accelsim.study.explore import Objective, explore
from accelsim.study.metrics import METRICS, FinishedPoint, Metric, register_metric
from accelsim.study.pareto import Front, fronts, pareto_front, pareto_mask
from accelsim.study.query import Condition, Results
from accelsim.study.run import run_study
from accelsim.study.schema import StoreError
from accelsim.study.sensitivity import sensitivity
from accelsim.study.sweep import Progress, sweep

__all__ = [
    "METRICS", "Condition", "FinishedPoint", "Front", "Metric", "Objective", "Progress", "Results",
    "StoreError", "Study", "explore", "fronts", "load_study", "pareto_front", "pareto_mask",
    "register_metric", "run_study", "sensitivity", "sweep",
]
