"""Holds the stages of a run (worklist, download, decode, embed, write) and the channels between them."""
