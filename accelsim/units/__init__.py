"""Hardware units that several machines share, in the two phases of `clock`."""
