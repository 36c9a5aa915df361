import kafkajs, { type Admin } from 'kafkajs';

/** What the members of a group read at the moment. */
export async function readGroupTopics(admin: Admin, groupId: string): Promise<string[]> {
  const { groups } = await admin.describeGroups([groupId]);
  const members = groups.flatMap((group) => group.members);
  const decode = kafkajs.AssignerProtocol.MemberMetadata.decode;
  return members.flatMap(({ memberMetadata }) => decode(memberMetadata)?.topics ?? []);
}
