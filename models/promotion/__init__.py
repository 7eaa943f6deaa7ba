"""Which version serves, and the gate's record that allows it."""
