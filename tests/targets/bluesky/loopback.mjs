// Imported before everything else: a server that names no address listens on this machine alone.
import net from 'node:net'

const LOOPBACK = '127.0.0.1'
const EVERYWHERE = new Set([undefined, '', '0.0.0.0', '::'])
const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object' && 'port' in first) {
    const host = EVERYWHERE.has(first.host) ? LOOPBACK : first.host
    return listen.call(this, { ...first, host }, ...rest)
  }
  if (typeof first === 'number' || /^\d+$/.test(String(first))) {
    const named = typeof rest[0] === 'string'
    const host = named && !EVERYWHERE.has(rest[0]) ? rest[0] : LOOPBACK
    return listen.call(this, first, host, ...(named ? rest.slice(1) : rest))
  }
  return listen.call(this, first, ...rest)
}
