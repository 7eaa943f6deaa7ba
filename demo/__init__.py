"""One command from a fresh clone to similar products: sets up the shop, embeds it, serves it and asks it."""
