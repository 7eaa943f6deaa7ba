# The embedding job and the catalogue's importer; torch on a GPU, ONNX Runtime on a CPU.
#   docker build -f docker/etl.Dockerfile -t visual-search-etl .                                        (GPU or CPU)
#   docker build -f docker/etl.Dockerfile --build-arg BASE=python:3.11-slim-bookworm -t visual-search-etl .   (CPU, small)
ARG BASE=nvcr.io/nvidia/pytorch:25.10-py3
FROM ${BASE}
# hadolint ignore=DL3002
USER 0
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin service \
 && mkdir -p /vectors /srv \
 && chown service /vectors
COPY requirements-etl.txt /tmp/requirements-etl.txt
# In a folder of their own, before the base's packages in the path: the lock has no torch, so the base's own, built for
# its CUDA, stays. The base's PIP_CONSTRAINT pins other versions than the lock does.
RUN PIP_CONSTRAINT="" python -m pip install --no-cache-dir --require-hashes --target /opt/packages \
    -r /tmp/requirements-etl.txt
WORKDIR /srv
COPY catalog catalog
COPY models models
COPY etl etl
COPY docker/check_torch.py /tmp/check_torch.py
ENV PYTHONPATH=/srv:/opt/packages \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BUNDLES=/bundles \
    VECTOR_STORE=/vectors
RUN python /tmp/check_torch.py /opt/packages
USER 10001
ENTRYPOINT ["python", "-m", "etl"]
CMD ["status"]
