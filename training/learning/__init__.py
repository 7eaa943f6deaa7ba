"""Networks, losses, the training loop and its stages."""
