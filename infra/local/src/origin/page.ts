/** The page at `/`: what runs here and where to go on. */
export function originPage(apis: number, gateways: number): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Viatra Chat</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
  code { background: #8882; padding: 0 .25em; border-radius: 3px }
</style>
<h1>Viatra Chat</h1>
<p>This is a chat backend. ${count(apis, 'API process', 'API processes')} and ${count(gateways, 'gateway', 'gateways')} run behind this address.</p>
<ul>
  <li>REST: <code>/api/v1/chat/conversations</code> and its neighbours, with <code>Authorization: Bearer …</code></li>
  <li>Sockets: Socket.IO (WebSocket) on this address, with <code>auth: { token }</code></li>
  <li>Documents: <a href="/docs/openapi.json">/docs/openapi.json</a>, <a href="/docs/asyncapi.json">/docs/asyncapi.json</a></li>
  <li>Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a></li>
</ul>
<p>The terminal that started it shows demo people with tokens; <code>pnpm token --user &lt;id or email&gt;</code> signs more.</p>
</html>
`
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
