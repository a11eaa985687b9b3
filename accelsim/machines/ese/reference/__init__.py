"""The discrete-event telling of ESE: one class a hardware unit, wired in `array`."""
