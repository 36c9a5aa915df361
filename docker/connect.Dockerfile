# Kafka Connect with Debezium's MySQL connector and the Avro converter, in the versions of pom.xml:
#   docker build -f docker/connect.Dockerfile -t friend-sync-connect .
ARG MAVEN=maven:3.9.11-eclipse-temurin-17
ARG JRE=eclipse-temurin:17.0.16_8-jre

FROM ${MAVEN} AS parts
WORKDIR /build
COPY pom.xml ./
RUN mvn -B -q -Pkafka package -Dstack.output=/parts
RUN mvn -B -q -Pconnect-plugins package -Dstack.output=/parts

FROM ${JRE}
COPY --from=parts /parts/kafka /opt/connect/kafka
COPY --from=parts /parts/connect-plugins /opt/connect/plugins
COPY docker/connect.properties docker/log4j2.properties docker/connect-entrypoint.sh docker/read-secret.sh /opt/connect/
USER 10001:10001
EXPOSE 8083
STOPSIGNAL SIGTERM
# With bash alone: the image has no other HTTP client.
HEALTHCHECK --interval=5s --timeout=5s --start-period=180s --retries=12 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8083 && printf 'GET /connectors HTTP/1.0\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]
ENTRYPOINT ["/bin/sh", "/opt/connect/connect-entrypoint.sh"]
