import type { SendInput } from '@viatra-chat/client'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from './dialog.js'
import { isWebAddress } from './rich-text.js'

/** Asks for the address of something that lies on the web already. */
export function AttachDialog({ onClose, onAttach }: { onClose: () => void; onAttach: (input: SendInput) => void }): JSX.Element {
  const [address, setAddress] = useState('')
  const [type, setType] = useState<'image' | 'file'>('file')
  const attach = (event: Event) => {
    event.preventDefault()
    onAttach({ message_type: type, metadata: { attachment_url: address, file_name: fileNameOf(address) } })
    onClose()
  }
  return (
    <Dialog title="Attach a link" onClose={onClose}>
      <form class="form" onSubmit={attach}>
        <label>
          Address
          <input
            type="url"
            required
            placeholder="https://files.example.org/plan.pdf"
            value={address}
            onInput={({ currentTarget }) => setAddress(currentTarget.value)}
          />
        </label>
        <fieldset class="choices">
          <legend>It is a</legend>
          {(['file', 'image'] as const).map((each) => (
            <label key={each}>
              <input type="radio" name="attachment-type" checked={type === each} onChange={() => setType(each)} />
              {each === 'file' ? 'File' : 'Picture'}
            </label>
          ))}
        </fieldset>
        <button type="submit" class="primary" disabled={!isWebAddress(address)}>
          Send
        </button>
      </form>
    </Dialog>
  )
}

function fileNameOf(address: string): string {
  const { pathname, hostname } = new URL(address)
  return decodeURIComponent(pathname.split('/').at(-1) ?? '') || hostname
}
