"""Looking into a run: replay, traces, explanations. Over signals and counters, no machine."""
