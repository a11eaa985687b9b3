"""What a machine is: numbers with sources, no behaviour."""

from accelsim.arch.config import ARITH_STAGES, EieConfig
from accelsim.arch.loader import load_config, parse_setting, published_sources

__all__ = ["ARITH_STAGES", "EieConfig", "load_config", "parse_setting", "published_sources"]
