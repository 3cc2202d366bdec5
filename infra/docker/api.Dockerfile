# syntax=docker/dockerfile:1
# The API. Reads its configuration from the environment (docs/operations.md), listens on 3000, tells Prometheus on 9464.
#   docker build -f infra/docker/api.Dockerfile -t viatra-chat/api .
ARG NODE_IMAGE=node:20.20-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
RUN npm install --global --no-fund --no-audit pnpm@10.34.9
COPY . .
RUN pnpm install --frozen-lockfile --filter viatra-chat --filter "@viatra-chat/api..."
RUN pnpm exec tsc -b services/api && node packages/contract/bundle-typebox.mjs
RUN pnpm --filter "@viatra-chat/api" --prod --legacy deploy /out

FROM ${NODE_IMAGE}
ARG BUILD_REVISION=unknown
LABEL org.opencontainers.image.title="viatra-chat-api" org.opencontainers.image.revision="${BUILD_REVISION}"
ENV NODE_ENV=production BUILD_REVISION=${BUILD_REVISION} PORT=3000 METRICS_PORT=9464
WORKDIR /app
COPY --from=build --chown=root:root /out ./
USER node
EXPOSE 3000 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# How V8 collects garbage, and why: docs/decisions/0039-what-v8-is-told-of-its-heap.md
CMD ["node", "--enable-source-maps", "--no-allocation-site-pretenuring", "--initial-old-space-size=128", "--min-semi-space-size=64", "--max-semi-space-size=64", "dist/main.js"]
