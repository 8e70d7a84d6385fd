# Two stages: build a virtual environment, then copy it into a slim image. PyPI's torch runs on
# the CPU and on CUDA; for a smaller image give an index of CPU wheels:
#   docker build --build-arg TORCH_INDEX=URL .
# No version is pinned here: pyproject.toml has the bounds.
FROM python:3.11-slim AS build
ARG TORCH_INDEX
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# hadolint ignore=DL3013
RUN pip install --no-cache-dir torch torchvision ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir ".[mcp,milvus,postgresql]"

FROM python:3.11-slim
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH BINOCLE_HOME=/data BINOCLE_HOST=0.0.0.0
RUN useradd --create-home --uid 1000 binocle && install -d -o binocle /data
USER 1000
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]
ENTRYPOINT ["binocle"]
CMD ["serve"]
