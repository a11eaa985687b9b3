"""EIE (Han et al., ISCA 2016): an array of PEs behind one control unit. See README.md."""
