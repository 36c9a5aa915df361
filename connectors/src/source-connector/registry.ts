import type { Settings } from '../settings.ts';

/** Where the registry speaks Confluent's API, which our own reader asks of either kind. */
export function registryApi({ kind, url }: Settings['registry']): string {
  const base = url.replace(/\/+$/, '');
  return kind === 'confluent' ? base : `${base}/apis/ccompat/v7`;
}

/** The converter of a connector's values: Avro in Confluent's layout, whichever registry has the schemas. */
export function avroConverter({ registry, connect }: Settings): Record<string, string> {
  return registry.kind === 'confluent' ? confluent(registry, connect.registryUserInfo) : apicurio(registry);
}

function apicurio({ url }: Settings['registry']): Record<string, string> {
  return {
    'value.converter': 'io.apicurio.registry.utils.converter.AvroConverter',
    'value.converter.apicurio.registry.url': `${url.replace(/\/+$/, '')}/apis/registry/v2`,
    'value.converter.apicurio.registry.auto-register': 'true',
    'value.converter.apicurio.registry.find-latest': 'true',
    'value.converter.apicurio.registry.as-confluent': 'true',
    'value.converter.apicurio.registry.headers.enabled': 'false',
    'value.converter.apicurio.registry.use-id': 'contentId',
  };
}

function confluent(registry: Settings['registry'], userInfo: string): Record<string, string> {
  return {
    'value.converter': 'io.confluent.connect.avro.AvroConverter',
    'value.converter.schema.registry.url': registryApi(registry),
    'value.converter.auto.register.schemas': 'true',
    // The names of Connect's types tell what a text or number stands for.
    'value.converter.connect.meta.data': 'true',
    // The default writes the column's default for NULL.
    'value.converter.ignore.default.for.nullables': 'true',
    ...(registry.user === undefined
      ? {}
      : {
          'value.converter.basic.auth.credentials.source': 'USER_INFO',
          'value.converter.basic.auth.user.info': userInfo,
        }),
  };
}
