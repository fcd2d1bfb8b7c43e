// The whole network of Bluesky: directory (PLC), server (PDS), index (AppView) and moderation.
// Ports come as JSON in NETWORK; says "ready" when everything answers, ends with its standard input.
import { TestNetwork } from '@atproto/dev-env'

const { plc, pds, bsky, ozone, rateLimitsEnabled } = JSON.parse(process.env.NETWORK)
const network = await TestNetwork.create({
  dbPostgresSchema: 'hub',
  plc: { port: plc },
  pds: { port: pds, hostname: 'localhost', enableDidDocWithSession: true, rateLimitsEnabled },
  bsky: { port: bsky, publicUrl: `http://localhost:${bsky}` },
  ozone: { port: ozone },
})
console.log('ready')

let closing = false
async function close() {
  if (closing) return
  closing = true
  await network.close()
  process.exit(0)
}
process.on('SIGTERM', close)
process.stdin.on('end', close)
process.stdin.resume()
