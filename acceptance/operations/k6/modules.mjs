// What k6 gives to a script, as far as ours use it, over real HTTP and real sockets. Loaded by hooks.mjs under k6's own names.
import { readFileSync } from 'node:fs'
import { WebSocket as Socket } from 'ws'

const samples = new Map()
export const state = { iteration: 0, folder: '' }

export function add(name, value) {
  const known = samples.get(name)
  if (known) known.push(value)
  else samples.set(name, [value])
}

export const samplesOf = (name) => samples.get(name) ?? []
export const names = () => [...samples.keys()]

class Metric {
  constructor(name) {
    this.name = name
  }
  add(value) {
    add(this.name, Number(value))
  }
}
export class Trend extends Metric {}
export class Rate extends Metric {}
export class Counter extends Metric {}

export function check(value, conditions) {
  const outcomes = Object.values(conditions).map((holds) => Boolean(holds(value)))
  for (const outcome of outcomes) add('checks', Number(outcome))
  return outcomes.every(Boolean)
}

export class SharedArray {
  constructor(_name, make) {
    return make()
  }
}

async function asyncRequest(method, url, body, { headers = {} } = {}) {
  const startedAt = performance.now()
  const response = await fetch(url, { method, body, headers })
  const text = await response.text()
  add('http_req_duration', performance.now() - startedAt)
  add('http_req_failed', Number(response.status >= 400))
  return { status: response.status, body: text, json: () => JSON.parse(text) }
}
export const http = { asyncRequest }

export class WebSocket extends Socket {}
export const exec = {
  scenario: {
    get iterationInTest() {
      return state.iteration
    },
  },
}
export const { setTimeout, clearTimeout } = globalThis
globalThis.open = (path) => readFileSync(new URL(path, state.folder), 'utf8')
globalThis.__ENV = process.env
