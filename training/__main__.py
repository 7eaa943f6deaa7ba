"""`python -m training`."""

from training.commands.main import cli

if __name__ == "__main__":
    cli()
