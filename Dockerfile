# One image, many commands: `docker run minyi serve`, `… minyi ingest FILE`, `… minyi trend`.
FROM python:3.13-slim

RUN useradd --create-home --uid 10001 minyi
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY minyi minyi
COPY streams streams
COPY models models
COPY indexers indexers
COPY api api
COPY data/policies data/policies
COPY data/stream data/stream
COPY artifacts artifacts
RUN pip install --no-cache-dir --constraint constraints.txt --editable '.[parquet]' \
    && install -d -o minyi /var/lib/minyi

USER minyi
ENV MINYI_DATA=/var/lib/minyi MINYI_API__HOST=0.0.0.0
VOLUME /var/lib/minyi
EXPOSE 8600
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/health', timeout=5)"]
ENTRYPOINT ["minyi"]
CMD ["serve"]
