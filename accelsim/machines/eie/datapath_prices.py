"""What a datapath without a multiplier costs, by the gates of our own synthesis.

* **Product, shift**: the multiplier's energy in proportion to the gates of the two products.
* **Product, sign**: one addition of the activation's width.
* **Registers**: the operand register and the decoder's look-up hold a word of the decoder, not a
  weight; the product's register stays as wide as it was.
* **Area** beyond the macros: the calibrated ArithmUnit in proportion to the gates of the two
  units at 16 bits, and to the register bits where widths are others.

* **Decoders beyond the published 16 words** (wider codes, several tables: contract D3): flip-flops
  whose clock and area are those of the activation queue's, a bit a bit; a look-up is a read of a
  64-word register file (CACTI) for each 64 words begun. Written once a layer: gated clocks, which
  the model has nowhere, would spare most of it.

With ``multiplier = "full"`` and 16 words every figure is the one of `accelsim.energy.units`.
Sources of the gates: ``datapaths.toml``. No paper prices these units for EIE; the rules are chosen.
"""

from __future__ import annotations

from accelsim.energy.technology import Events
from accelsim.energy.units import PUBLISHED_BITS, arith_register_bits
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.datapath import SIGN_BITS, gates, word_bits

PUBLISHED_WORDS = 16
"""Of the weight decoder (EIE sec. III)."""

FILE_WORDS = 64
"""Of the register file that ``events_45nm.toml`` prices."""

SYNTHESISED_BITS = 16
"""Of activations and accumulators, and of the weights but for "sign", when gates were counted."""


def decoder_word_bits(config: EieConfig) -> int:
    """A word of the weight decoder."""
    return word_bits(config.multiplier, config.weight_value_bits)


def register_bits(config: EieConfig) -> int:
    """Flip-flops of the ArithmUnit behind look-up, multiply and add."""
    return _register_bits(config.multiplier, config.weight_value_bits, config.activation_bits,
                          config.accumulator_bits)


def mac_pj(config: EieConfig, events: Events) -> float:
    """One multiply-accumulate with its pipeline registers, without reading the accumulator."""
    return (
        _product_pj(config, events)
        + events.linear_pj("add", config.accumulator_bits)
        + events.linear_pj("register", register_bits(config))
    )


def look_up_pj(config: EieConfig, events: Events) -> float:
    """A code's weight from the decoder, into stage 2."""
    word, words = decoder_word_bits(config), config.decoder_tables << config.weight_bits
    pj = events.linear_pj("register", word)
    if words > PUBLISHED_WORDS:
        pj += -(-words // FILE_WORDS) * events.linear_pj("register_file_read", word)
    return pj


def further_table_bits(config: EieConfig) -> int:
    """Flip-flops of a PE's tables beyond the published machine's; 0 where they are fewer."""
    words = config.decoder_tables << config.weight_bits
    return max(words - PUBLISHED_WORDS, 0) * decoder_word_bits(config)


def area_growth(config: EieConfig) -> float:
    """Area of the ArithmUnit over the published one's."""
    kind = config.multiplier
    if kind == "full":
        return register_bits(config) / PUBLISHED_BITS["arith_unit"]
    counted = gates()["arith_unit_nand2"]
    weight = SIGN_BITS if kind == "sign" else SYNTHESISED_BITS
    synthesised = _register_bits(kind, weight, SYNTHESISED_BITS, SYNTHESISED_BITS)
    return counted[kind] / counted["full"] * register_bits(config) / synthesised


def _product_pj(config: EieConfig, events: Events) -> float:
    if config.multiplier == "sign":
        return events.linear_pj("add", config.activation_bits)
    pj = events.multiply_pj(config.weight_value_bits, config.activation_bits)
    if config.multiplier == "full":
        return pj
    counted = gates()["product_nand2"]
    return pj * counted[config.multiplier] / counted["full"]


def _register_bits(kind: str, weight: int, activation: int, accumulator: int) -> int:
    spared = weight - word_bits(kind, weight)
    return arith_register_bits(weight, activation, accumulator) - spared
