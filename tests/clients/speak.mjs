// One real JavaScript client that sends: node speak.mjs CLIENT URL LINES [SERVICE]. Run by test_real_clients.
const [name, url, count, service = 'checkout'] = process.argv.slice(2)
const lines = Array.from({ length: Number(count) }, (_, number) => `order ${number} failed`)
const headers = { Authorization: 'Bearer t0ken' }

async function otlp(kind) {
  const { LoggerProvider, BatchLogRecordProcessor } = await import('@opentelemetry/sdk-logs')
  const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${kind}`)
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    processors: [
      new BatchLogRecordProcessor({
        exporter: new OTLPLogExporter({ url: `${url}/v1/logs`, headers, timeoutMillis: 60000 }),
        maxExportBatchSize: 10,
        exportTimeoutMillis: 60000,
      }),
    ],
  })
  const logger = provider.getLogger('app')
  for (const line of lines) logger.emit({ severityNumber: 17, severityText: 'ERROR', body: line })
  await provider.forceFlush() // what is in its hands when it is shut down, it drops
  await provider.shutdown()
}

async function elasticsearch() {
  const { Client } = await import('@elastic/elasticsearch')
  const client = new Client({ node: url, auth: { username: 'tocsin', password: 't0ken' } })
  const answer = await client.bulk({
    operations: lines.flatMap((message) => [
      { index: { _index: 'logs' } },
      { '@timestamp': new Date().toISOString(), 'service.name': 'checkout', message },
    ]),
  })
  if (answer.errors) throw new Error(JSON.stringify(answer))
}

async function pinoLoki() {
  const pino = (await import('pino')).default
  const transport = pino.transport({
    target: 'pino-loki',
    options: { host: url, labels: { service: 'checkout' }, headers, batching: { interval: 1 } },
  })
  const logger = pino(transport)
  for (const line of lines) logger.error(line)
  await new Promise((resolve) => setTimeout(resolve, 2500)) // it sends what it gathered once a second
  transport.end()
}

async function winstonLoki(json) {
  const winston = (await import('winston')).default
  const LokiTransport = (await import('winston-loki')).default
  const transport = new LokiTransport({ host: url, labels: { service: 'checkout' }, headers, json, interval: 1 })
  const logger = winston.createLogger({ transports: [transport] })
  for (const line of lines) logger.error(line)
  await new Promise((resolve) => setTimeout(resolve, 2500)) // what is refused now, it keeps for a minute or its end
  await new Promise((resolve) => transport.batcher.close(resolve))
  process.exit()
}

const speakers = {
  'otlp-http': () => otlp('http'),
  'otlp-proto': () => otlp('proto'),
  elasticsearch,
  'pino-loki': pinoLoki,
  'winston-loki': () => winstonLoki(true),
  'winston-loki-proto': () => winstonLoki(false),
}
await speakers[name]()
