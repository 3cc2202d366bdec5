# syntax=docker/dockerfile:1
# Brings the database of DATABASE_URL to the newest migration and ends.
#   docker build -f infra/docker/migrate.Dockerfile -t viatra-chat/migrate .
ARG NODE_IMAGE=node:20.20-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
RUN npm install --global --no-fund --no-audit pnpm@10.34.9
COPY . .
RUN pnpm install --frozen-lockfile --filter viatra-chat --filter "@viatra-chat/db..."
RUN pnpm exec tsc -b db
RUN pnpm --filter "@viatra-chat/db" --prod --legacy deploy /out

FROM ${NODE_IMAGE}
ARG BUILD_REVISION=unknown
LABEL org.opencontainers.image.title="viatra-chat-migrate" org.opencontainers.image.revision="${BUILD_REVISION}"
ENV NODE_ENV=production BUILD_REVISION=${BUILD_REVISION}
WORKDIR /app
COPY --from=build --chown=root:root /out ./
USER node
CMD ["node", "dist/migrate-cli.js", "up"]
