"""Runs the gunicorn worker that serves the API: requests are read whole before a thread is taken for them."""
