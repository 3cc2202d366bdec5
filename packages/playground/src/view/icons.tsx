import type { ButtonHTMLAttributes, JSX } from 'preact'

/** Outlines of 24 × 24, drawn in the colour of the text. Decoration: whatever they stand in has a name of its own. */
const outlines = {
  back: 'M15 5l-7 7 7 7',
  send: 'M4 12l16-8-6 16-3-7-7-1z',
  reply: 'M9 7L4 12l5 5M4 12h9a7 7 0 0 1 7 7',
  bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  clip: 'M8 12l6.5-6.5a3.2 3.2 0 0 1 4.5 4.5L11 18a5 5 0 0 1-7-7l7.5-7.5',
  file: 'M7 3h7l5 5v13H7zM14 3v5h5',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14a6.5 6.5 0 0 1 3.5 6',
  pulse: 'M3 12h4l3-8 4 16 3-8h4',
  split: 'M4 5h16v14H4zM12 5v14',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8v4l2.5 2.5',
  check: 'M5 12.5l4.5 4.5L19 7',
  checks: 'M2 12.5L6.5 17 16 7M11 15.5l1.5 1.5L22 7',
  alert: 'M12 8v5M12 16.5h.01M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z',
  down: 'M6 9l6 6 6-6',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
} as const

export type IconName = keyof typeof outlines

export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={outlines[name]} />
    </svg>
  )
}

/** A button that shows only an icon; `label` is what it is called. */
export function IconButton({
  icon,
  label,
  ...rest
}: { icon: IconName; label: string } & Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'icon'>): JSX.Element {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  )
}
