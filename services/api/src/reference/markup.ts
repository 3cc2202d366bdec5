const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Paragraphs, with what stands in back-quotes as code: the part of Markdown that the contract's sentences use. */
export function prose(text: string): string {
  const paragraphs = text.split('\n\n').filter((paragraph) => paragraph !== '')
  return paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph).replace(/`([^`]+)`/g, '<code>$1</code>')}</p>`).join('')
}
