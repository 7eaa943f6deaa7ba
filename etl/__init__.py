"""The embedding job: finds photos without an embedding and brings them there, one verb per file."""
