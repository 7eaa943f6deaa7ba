# The API: Flask on gunicorn, without torch.
#   docker build -t visual-search-api .
#   docker run --rm -p 127.0.0.1:8000:8000 -e ELASTICSEARCH_URL=http://… visual-search-api
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin service
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv
COPY app app
COPY catalog catalog
COPY models models
# Listening everywhere is the container's own network; who publishes the port decides who gets in.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    API_HOST=0.0.0.0 \
    API_PORT=8000 \
    BUNDLES=/bundles \
    LOG_FORMAT=json
USER 10001
EXPOSE 8000
# Liveness only: a container is not to be restarted because Elasticsearch is away.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["gunicorn", "-c", "app/gunicorn_conf.py", "app.wsgi:app"]
