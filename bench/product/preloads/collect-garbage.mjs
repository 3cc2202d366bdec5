process.on('SIGCONT', () => globalThis.gc())
