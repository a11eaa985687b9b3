"""The discrete-event telling of the bank-balanced machine."""
