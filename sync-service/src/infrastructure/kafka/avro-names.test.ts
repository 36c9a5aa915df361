import { expect, test } from 'vitest';
import { avroFieldName, avroFullName } from './avro-names.ts';

/** Recorded from `SchemaNameAdjuster.AVRO_FIELD_NAMER` and `AVRO` of Debezium 3.6.1. */
test.each([
  ['1abc', '_1abc', '_1abc'],
  ['a.b', 'a_b', 'a.b'],
  ['head-img', 'head_img', 'head_img'],
  ['头像', '__', '__'],
  ['é1', '_1', '_1'],
  ['-x', '_x', '_x'],
  ['9', '_9', '_9'],
  ['1my-p.user_db.1t.Envelope', '_1my_p_user_db_1t_Envelope', '_1my_p.user_db.1t.Envelope'],
])('%s is the field %s and the name %s', (name, field, fullName) => {
  expect(avroFieldName(name)).toBe(field);
  expect(avroFullName(name)).toBe(fullName);
});
