"""How gunicorn serves a rival: as it serves our API, with one process, for an in-process index is in one process."""

from benchmarks.rivals.settings import RivalSettings

bind = f"127.0.0.1:{RivalSettings.load().rival_port}"
workers = 1
threads = 8
worker_class = "gthread"
keepalive = 30
timeout = 300  # reading a big index takes its time
accesslog = None
control_socket_disable = True
