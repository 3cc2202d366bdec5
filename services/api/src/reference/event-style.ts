/** The page has both looks; which one is the reader's system's. */
export const eventStyle = `
:root { color-scheme: light dark; --line: light-dark(#e1e6eb, #2a323c); --text-2: light-dark(#566472, #9fadbb); --code: light-dark(#eef1f4, #1d242c);
  --accent: light-dark(#0b6e63, #4cc9b4); font: 15px/1.55 system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif }
body { margin: 0; display: grid; grid-template-columns: 250px minmax(0, 1fr); background: light-dark(#fff, #12171c); color: light-dark(#16202a, #e8edf2) }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 24px 20px; box-sizing: border-box; border-right: 1px solid var(--line); font-size: .88rem }
nav h2 { margin: 20px 0 6px; font-size: .78rem; color: var(--text-2) }
nav ul { list-style: none; margin: 0; padding: 0 }
nav a { display: block; padding: 2px 0; text-decoration: none }
a { color: var(--accent) }
main { padding: 32px clamp(20px, 4vw, 56px) 120px; max-width: 980px }
h1 { letter-spacing: -.02em; margin-top: 0 }
main > h2 { margin-top: 56px; padding-bottom: 6px; border-bottom: 1px solid var(--line) }
section { margin: 32px 0; scroll-margin-top: 16px }
h3 { margin: 0 0 6px; font: 600 1.05rem ui-monospace, 'DejaVu Sans Mono', Menlo, monospace }
p { margin: 0 0 8px }
table { width: 100%; border-collapse: collapse; margin: 12px 0; font-size: .9rem }
caption { text-align: left; font-weight: 600; padding: 4px 0 }
th { text-align: left; font-size: .8rem; color: var(--text-2); font-weight: 600 }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
td p { margin: 0 }
th:nth-child(1) { width: 30% } th:nth-child(2) { width: 20% }
small { color: var(--text-2) }
code, pre { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; font-size: .86em; background: var(--code); border-radius: 5px; padding: 1px 5px }
pre { padding: 14px; overflow-x: auto }
summary { cursor: pointer; color: var(--accent); font-size: .9rem }
@media (max-width: 760px) { body { display: block } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line) } }
`
