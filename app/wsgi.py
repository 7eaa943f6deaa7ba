"""Holds the application for a WSGI server: `gunicorn -c app/gunicorn_conf.py app.wsgi:app`."""

from app import create_app
from app.observability.logs import install
from app.settings import ApiSettings

install(ApiSettings.load())
app = create_app()
