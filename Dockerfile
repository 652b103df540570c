# One image for every process; the command says which.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 --create-home ledgerline \
    && install -d -o ledgerline -g ledgerline /var/lib/ledgerline

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY commands commands
COPY projections projections
COPY adapters adapters
COPY services services
RUN pip install '.[s3]'

USER ledgerline
WORKDIR /var/lib/ledgerline
VOLUME /var/lib/ledgerline
EXPOSE 8000 9000
ENTRYPOINT ["ledgerline"]
CMD ["api"]
