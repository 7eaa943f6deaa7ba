"""The command `visual-search`: one entrance to the commands of all rooms."""
