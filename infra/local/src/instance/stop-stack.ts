/** Something that can be stopped, and ended at once if it has a process. */
export interface Stoppable {
  stop(): Promise<unknown>
  kill?(): void
}

/** Thrown into a start that was interrupted. */
export class Interrupted extends Error {
  override name = 'Interrupted'
}

/** What was started, to be stopped in reverse order, also half-way through a start. */
export class StopStack {
  private readonly started: Stoppable[] = []
  private stopped: Promise<void> | undefined

  /** Whether stopping has begun. */
  get isStopping(): boolean {
    return this.stopped !== undefined
  }

  /** @throws Interrupted when stopping has begun meanwhile; the item is stopped first. */
  async push(item: Stoppable): Promise<void> {
    if (this.isStopping) {
      await item.stop()
      throw new Interrupted()
    }
    this.started.push(item)
  }

  /** Stops everything in an orderly way, one after the other. Asked again, it waits for the same end. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll()
    return this.stopped
  }

  /** Ends every process at once. */
  kill(): void {
    for (const item of this.started) item.kill?.()
  }

  private async stopAll(): Promise<void> {
    for (const item of this.started.toReversed()) await item.stop()
  }
}
