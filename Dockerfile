# Only a static binary, run by an unprivileged user:
#
#     docker build -t metagraph .
#     docker run --rm -v "$PWD:/data" metagraph show model.meta
#     docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" metagraph clear-devices in.meta out.meta    # to write
FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
ARG VERSION=
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.released=$VERSION" -o /out/metagraph ./cmd/metagraph

FROM scratch
COPY --from=build /out/metagraph /metagraph
COPY LICENSE /LICENSE
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["/metagraph"]
