"""`python -m catalog`."""

from catalog.commands.main import app

if __name__ == "__main__":
    app(prog_name="python -m catalog")
