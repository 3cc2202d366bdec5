import { mkdirSync, writeFileSync } from 'node:fs'
import { generatedFiles } from './documents.js'

// Writes generated/; a test compares what is there with what this would write.
const folder = new URL('../generated/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, text] of Object.entries(generatedFiles())) writeFileSync(new URL(name, folder), text)
