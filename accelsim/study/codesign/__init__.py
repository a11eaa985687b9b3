"""Co-design: what each layer of a network keeps, how it is coded and which machine runs it,
searched with the simulator in the loop.

==============  ===================================================================================
`design`        a design: density, table, widths and row order of each layer, the machine's settings
`budget`        what must be met, and by how much it is missed: the ratio
`setting`       all that determines a search; what a process keeps of it
`candidate`     a design compressed, run whole and judged
`guides`        what a search looks at while it cuts: the exact machine, or a proxy
`proposals`     one step of a search, worked out by a worker: cut, tuned, measured
`runner`        proposals that the results file does not hold, in processes or on Dask
`rounds`        greedy in the manner of NetAdapt, by energy, and the baselines
`evolution`     Optuna's NSGA-II
`search`        `codesign`, the entrance
==============  ===================================================================================
"""

from accelsim.study.codesign.budget import Budget
from accelsim.study.codesign.design import Design, LayerChoice
from accelsim.study.codesign.rounds import Plan
from accelsim.study.codesign.search import Codesigned, codesign
from accelsim.study.codesign.setting import Setting

__all__ = ["Budget", "Codesigned", "Design", "LayerChoice", "Plan", "Setting", "codesign"]
