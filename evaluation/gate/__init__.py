"""The quality gate: inputs, statistics, rules per class, decision and report."""
