import type { JSX } from 'preact'

interface AvatarProps {
  name: string
  /** The same id has the same colour everywhere. */
  id: string
  isOnline?: boolean | undefined
  size?: 'small' | 'medium' | 'large'
}

/** Initials on a colour; the name stands beside it, so that it says nothing of its own. */
export function Avatar({ name, id, isOnline, size = 'medium' }: AvatarProps): JSX.Element {
  return (
    <span class={`avatar avatar-${size}`} style={{ '--hue': String(hueOf(id)) }} aria-hidden="true">
      {initialsOf(name)}
      {isOnline === undefined ? null : <span class={isOnline ? 'dot dot-online' : 'dot'} />}
    </span>
  )
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  const shown = words.length > 1 ? [words[0], words.at(-1)] : words
  return shown
    .map((word) => [...(word ?? '')][0])
    .join('')
    .toUpperCase()
}

function hueOf(id: string): number {
  let sum = 0
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 100_003
  return (sum * 47) % 360
}
