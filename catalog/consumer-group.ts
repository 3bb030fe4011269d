/**
 * The consumer group of a service on a topic. One group a topic: the members of a group are given its partitions without being asked
 * which topics they read. It begins with the service's id, which is what its user at the bus has a right to.
 */
export function groupOf(service: string, topic: string): string {
  return `${service}.${topic}`;
}
