"""Side by side: our API, what the 2019 talk compared it with, and what one would pick today."""
