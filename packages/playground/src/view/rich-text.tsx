import type { JSX } from 'preact'

const address = /https?:\/\/[^\s<>"']+/gi

/** Text as it was written, with its web addresses as links. Text stays text: nothing in it becomes markup. */
export function RichText({ text }: { text: string }): JSX.Element {
  const parts: (string | JSX.Element)[] = []
  let end = 0
  for (const match of text.matchAll(address)) {
    const shown = match[0].replace(/[.,;:!?)\]]+$/, '')
    parts.push(text.slice(end, match.index), <SafeLink key={match.index} href={shown} text={shown} />)
    end = match.index + shown.length
  }
  parts.push(text.slice(end))
  return <>{parts}</>
}

/** A link if the address is one of the web, else its text alone. */
export function SafeLink({ href, text }: { href: string; text: string }): JSX.Element {
  return isWebAddress(href) ? (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  ) : (
    <>{text}</>
  )
}

/** `javascript:`, `data:` and their like are not. */
export function isWebAddress(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)
}
