/** Who is in which room, by socket ids. */
export type Rooms = ReadonlyMap<string, ReadonlySet<string>>

/** Whether anybody here is in one of the rooms, and in none of the others. */
export function isHeardBy(rooms: Rooms, inRooms: readonly string[], notIn: readonly string[] = []): boolean {
  return inRooms.some((room) => {
    for (const id of rooms.get(room) ?? []) if (!notIn.some((other) => rooms.get(other)?.has(id))) return true
    return false
  })
}
