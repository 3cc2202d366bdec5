import { signal } from '@preact/signals'

/** Whether anybody can see the page. */
export const isPageVisible = signal(document.visibilityState === 'visible')

document.addEventListener('visibilitychange', () => (isPageVisible.value = document.visibilityState === 'visible'))
