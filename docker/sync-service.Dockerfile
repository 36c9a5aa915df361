# The daemon and the command line, in one image:
#   docker build -f docker/sync-service.Dockerfile -t friend-sync .
ARG BASE=node:22.23-slim

FROM ${BASE} AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY connectors/package.json connectors/
COPY sync-service/package.json sync-service/
COPY cli/package.json cli/
COPY local-stack/package.json local-stack/
COPY demo/package.json demo/
COPY bench/package.json bench/
COPY chaos/package.json chaos/

FROM manifests AS build
RUN npm ci --no-audit --no-fund
COPY tsconfig.base.json ./
COPY connectors connectors
COPY sync-service sync-service
COPY cli cli
RUN npx tsc -b cli

FROM manifests AS production
RUN npm ci --no-audit --no-fund --omit=dev --workspace=@friend-sync/cli \
 && rm -r local-stack demo bench chaos package-lock.json && find node_modules -xtype l -delete

FROM ${BASE}
ENV NODE_ENV=production \
    FRIEND_SYNC_CONFIG=/etc/friend-sync/friend-sync.yaml
WORKDIR /app
COPY --from=production /app ./
COPY --from=build /app/connectors/dist connectors/dist
COPY --from=build /app/sync-service/dist sync-service/dist
COPY --from=build /app/cli/dist cli/dist
COPY sync-service/drizzle sync-service/drizzle
USER node
EXPOSE 9464
STOPSIGNAL SIGTERM
# Not /readyz: an outage elsewhere is no reason to replace the container.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cli/dist/main.js"]
CMD ["start"]
