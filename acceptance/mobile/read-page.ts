import { readFileSync } from 'node:fs'

/** A fenced block of the page, or a comment that says what happens elsewhere meanwhile. */
export interface Block {
  /** `wire`, `http`, `dart` …; `comment` for a comment. */
  language: string
  text: string
  section: string
}

/** The blocks of docs/mobile.md in their order. */
export function readPage(): Block[] {
  const page = readFileSync(new URL('../../docs/mobile.md', import.meta.url), 'utf8')
  return page.split(/^## /m).flatMap((part) => {
    const section = part.slice(0, part.indexOf('\n'))
    const blocks = part.matchAll(/^```(?<language>\w+)\n(?<text>[^]*?)^```$|^<!-- (?<comment>.*) -->$/gm)
    return [...blocks].map(({ groups }) =>
      groups?.comment === undefined
        ? { language: groups?.language ?? '', text: groups?.text ?? '', section }
        : { language: 'comment', text: groups.comment, section },
    )
  })
}

/** A line of a wire block: an engine.io and socket.io packet in its parts. */
export interface Frame {
  direction: '→' | '←'
  /** Packet types and the number that asks for an acknowledgement: `42`, `4217`. */
  head: string
  body: unknown
}

export function readFrames(text: string): Frame[] {
  return text
    .trim()
    .split('\n')
    .map((line) => ({ direction: line.startsWith('→') ? '→' : '←', ...splitFrame(line.slice(2)) }))
}

export function splitFrame(frame: string): Pick<Frame, 'head' | 'body'> {
  const head = /^\d*/.exec(frame)?.[0] ?? ''
  const rest = frame.slice(head.length)
  return { head, body: rest === '' ? undefined : JSON.parse(rest) }
}

/** An http block: a request as it goes out, and the answer. */
export interface Exchange {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
  status: number
  answer: unknown
}

export function readExchange(text: string): Exchange {
  const parts = text.trim().split('\n\n')
  const [start = '', ...headers] = (parts[0] ?? '').split('\n')
  const [method = '', path = ''] = start.split(' ')
  const [status = '', ...answer] = (parts.at(-1) ?? '').split('\n')
  return {
    method,
    path,
    headers: Object.fromEntries(headers.map((line) => line.split(': '))),
    body: parts.length === 3 ? parts[1] : undefined,
    status: Number(status),
    answer: JSON.parse(answer.join('\n')),
  }
}
