"""Installs once per machine: the server, a JDK, the script plugin, the cache folder; and finds the server's user."""
