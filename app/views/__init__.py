"""The endpoints, one file per subject: they read a question, ask the catalogue, and show its answer."""
