"""The discrete-event telling of EIE: one class a hardware unit, wired in `array`."""
