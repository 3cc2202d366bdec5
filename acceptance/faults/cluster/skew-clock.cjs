/* global process */
// Preloaded with `node -r`: shifts the wall clock of a process by CLOCK_OFFSET_MS. Timers and performance.now() go on as they were.
const offsetMs = Number(process.env.CLOCK_OFFSET_MS)
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offsetMs)
    else super(...args)
  }

  static now() {
    return RealDate.now() + offsetMs
  }
}
