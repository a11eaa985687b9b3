"""A kind of layer as a program: matrix products, and element-wise work between them."""
