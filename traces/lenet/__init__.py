"""Training of LeNet-300-100 on MNIST in plain NumPy; see traces/README.md."""
