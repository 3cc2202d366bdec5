import { render } from 'preact'
import { listDemoAccounts } from './accounts.js'
import { App } from './view/app.js'

const root = document.getElementById('app')
if (root) {
  const accounts = await listDemoAccounts().catch(() => [])
  render(<App accounts={accounts} />, root)
}
