"""Which machine the commands about recurrent layers mean where none is named."""

RECURRENT_MACHINE = "ese"
"""ESE: what `accelsim recurrent` runs on and `accelsim patterns` compares with the others."""

SYNTHETIC_LSTM = "ese"
"""What these commands call the published LSTM with synthetic weights."""
