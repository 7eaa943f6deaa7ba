"""The stages of a run, one verb per module, and the channels between them."""
