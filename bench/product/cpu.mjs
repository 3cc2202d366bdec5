import { readFileSync, readdirSync } from 'node:fs'

// USER_HZ: what /proc counts in, 100 on every Linux that Node runs on.
const ticksPerSecond = 100

/** CPU seconds that each group of processes has used so far. `groups`: `{name: pids}`; with `tree` pids' children count too. */
export function cpuSeconds(groups) {
  return Object.fromEntries(
    Object.entries(groups).map(([name, { pids, tree }]) => [name, pids.reduce((sum, pid) => sum + secondsOf(pid, tree), 0)]),
  )
}

function secondsOf(pid, tree) {
  const children = tree ? childrenOf(pid) : []
  return [pid, ...children].reduce((sum, each) => sum + ownSeconds(each, each === pid && tree), 0)
}

// utime, stime, and of children that have ended and were waited for cutime, cstime.
function ownSeconds(pid, withEnded) {
  const fields = statOf(pid)
  if (!fields) return 0
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number)
  return (utime + stime + (withEnded ? cutime + cstime : 0)) / ticksPerSecond
}

function childrenOf(pid) {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return numbers.map(Number).filter((each) => parentOf(each) === pid)
}

export function parentOf(pid) {
  return Number(statOf(pid)?.[1])
}

// Fields after the command's name, which may hold spaces.
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024
}

/** CPU per operation between two readings, in µs. */
export function cpuPerOperation(before, after, operations) {
  return Object.fromEntries(Object.keys(after).map((name) => [name, ((after[name] - before[name]) * 1e6) / operations]))
}
