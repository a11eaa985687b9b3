"""The sweeping telling of EIE: time as data, values in one pass; equal to the reference."""
