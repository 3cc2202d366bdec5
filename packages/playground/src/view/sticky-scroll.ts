import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

const nearBottomPx = 80
const nearTopPx = 300

export interface StickyScrollOptions {
  /** What stands first: when it changes, something came in above. */
  first: unknown
  /** When any of these changes, the content may have grown. */
  changes: readonly unknown[]
  /** How much of one's own is on its way: when it grows, the end is shown. */
  own: number
  /** The reader is close to the beginning of what is there. */
  onTop: () => void
}

export interface StickyScroll {
  box: RefObject<HTMLDivElement | null>
  isAtEnd: boolean
  onScroll: () => void
  toEnd: () => void
}

/** A box that stays at its end while it is there, and stays with what is read when something comes in above. */
export function useStickyScroll({ first, changes, own, onTop }: StickyScrollOptions): StickyScroll {
  const box = useRef<HTMLDivElement>(null)
  const last = useRef({ first, own, height: 0, isAtEnd: true })
  const [isAtEnd, setAtEnd] = useState(true)

  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const before = last.current
    if (before.isAtEnd || own > before.own) element.scrollTop = element.scrollHeight
    else if (before.first !== first) element.scrollTop += element.scrollHeight - before.height
    last.current = { ...before, first, own, height: element.scrollHeight }
  }, [first, own, ...changes])

  // The box shrinks when a reply is quoted or the keyboard of a phone comes up.
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return undefined
    const observer = new ResizeObserver(() => {
      if (last.current.isAtEnd) element.scrollTop = element.scrollHeight
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  return {
    box,
    isAtEnd,
    onScroll() {
      const element = box.current
      if (!element) return
      const { scrollTop, scrollHeight, clientHeight } = element
      last.current.isAtEnd = scrollHeight - scrollTop - clientHeight < nearBottomPx
      setAtEnd(last.current.isAtEnd)
      if (scrollTop < nearTopPx && scrollHeight > clientHeight) onTop()
    },
    toEnd: () => box.current?.scrollTo({ top: box.current.scrollHeight }),
  }
}
