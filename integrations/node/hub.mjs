// Calls a trigger of the content hub: node hub.mjs '{"externalReference":"post-1"}'
import { createHmac, randomUUID } from 'node:crypto'

const [body, id = `msg_${randomUUID()}`] = process.argv.slice(2)
const now = String(Math.floor(Date.now() / 1000))
const key = Buffer.from(process.env.HUB_TRIGGER_SECRET.replace('whsec_', ''), 'base64')
const digest = createHmac('sha256', key).update(`${id}.${now}.${body}`).digest('base64')
const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': now, 'webhook-signature': `v1,${digest}` }
const answer = await fetch(process.env.HUB_TRIGGER_URL, { method: 'POST', body, headers })
console.log(await answer.text())
process.exitCode = answer.ok ? 0 : 1
