import { findDebianProgram, type DebianProgram, type ProgramName } from '@viatra-chat/local/stores'
import type { TestContext } from 'vitest'

/** The program, or the end of this test with the reason: only where neither the machine nor its package registry has it. */
export async function findProgramOrSkip(name: ProgramName, { skip }: TestContext): Promise<DebianProgram> {
  try {
    return await findDebianProgram(name, console.log)
  } catch (error) {
    return skip(`${name} is not on this machine and cannot be fetched: ${error instanceof Error ? error.message : String(error)}`)
  }
}
