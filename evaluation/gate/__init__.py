"""Quality gate: inputs, statistics, rules, decision per class and on the whole, report."""
