"""Tables and pages about measured models."""
