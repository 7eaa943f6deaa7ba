"""`python -m models`: see `models.commands.main` and `models.commands.promotion`."""

from models.commands.main import app
from models.commands.promotion import promote, promotions_, rollback

app.command(name="promote")(promote)
app.command(name="rollback")(rollback)
app.command(name="promotions")(promotions_)

if __name__ == "__main__":
    app(prog_name="python -m models")
