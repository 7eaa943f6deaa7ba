"""What is installed once per machine: the server, a JDK, the script plugin, the cache folder, a user."""
