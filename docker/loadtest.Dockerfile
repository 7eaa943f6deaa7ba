# The load test: locust users and the drawn catalogue's loader.
#   docker build -f docker/loadtest.Dockerfile -t visual-search-loadtest .
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
COPY requirements-loadtest.txt /tmp/requirements-loadtest.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r /tmp/requirements-loadtest.txt

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin service \
 && mkdir /reports \
 && chown service /reports
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv
COPY catalog catalog
COPY loadtest loadtest
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
ENTRYPOINT ["python", "-m", "loadtest"]
CMD ["run", "--host", "http://api:8000", "--allow-remote", "--report", "/reports"]
