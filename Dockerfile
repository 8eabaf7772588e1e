# One image for each of our programs: --target commander, soldier, dashboard or missionctl.
# A build behind a proxy with a certificate of its own takes it as the secret "ca"; compose.yaml passes SSL_CERT_FILE.

FROM node:20 AS web
WORKDIR /src/dashboard
COPY dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci
COPY dashboard ./
RUN npm run --silent build

FROM golang:1.26 AS go
WORKDIR /src
ENV CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOTOOLCHAIN=local
COPY go.work go.work.sum ./
COPY contracts contracts
COPY tokenauth tokenauth
COPY store store
COPY commander commander
COPY soldier soldier
COPY tools tools
COPY dashboard dashboard
COPY --from=web /src/dashboard/dist dashboard/dist
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    go build -trimpath -ldflags='-s -w' -o /out/ \
    ./commander/cmd/commander ./soldier/cmd/soldier ./dashboard/cmd/dashboard ./tools/cmd/missionctl

# What all have in common: certificates for amqps and rediss, a user without rights, missionctl for health checks.
FROM debian:trixie-slim AS base
COPY --from=go /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=go /out/missionctl /usr/local/bin/
USER 65532:65532

FROM base AS missionctl
ENTRYPOINT ["missionctl"]

FROM base AS commander
COPY --from=go /out/commander /usr/local/bin/
EXPOSE 8080
ENTRYPOINT ["commander"]

FROM base AS soldier
COPY --from=go /out/soldier /usr/local/bin/
ENTRYPOINT ["soldier"]

FROM base AS dashboard
COPY --from=go /out/dashboard /usr/local/bin/
EXPOSE 3000
ENTRYPOINT ["dashboard"]
