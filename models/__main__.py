"""`python -m models`: see `models.cli` and `models.cli_promotion`."""

from models.cli import app
from models.cli_promotion import promote, promotions_, rollback

app.command(name="promote")(promote)
app.command(name="rollback")(rollback)
app.command(name="promotions")(promotions_)

if __name__ == "__main__":
    app(prog_name="python -m models")
