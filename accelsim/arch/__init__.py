"""What a machine is: numbers with sources, no behaviour."""

from accelsim.arch.bbs import BbsConfig
from accelsim.arch.config import ARITH_STAGES, EieConfig
from accelsim.arch.ese import EseConfig
from accelsim.arch.loader import (
    load_as,
    load_config,
    load_machine,
    parse_setting,
    published_sources,
    register_machine,
)

__all__ = [
    "ARITH_STAGES", "BbsConfig", "EieConfig", "EseConfig", "load_as", "load_config",
    "load_machine", "parse_setting", "published_sources", "register_machine",
]
