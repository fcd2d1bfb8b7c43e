-- Sends the requests of a file in turn, a line each: method, path, content; @@@@@@@@@@@@ is another text in every request.
local bodies, at, unique, started = {}, 0, nil, 0

function init(arguments)
  local headers = {}
  for line in io.lines(arguments[2]) do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
  end
  for line in io.lines(arguments[1]) do
    local method, path, content = line:match("^(%S+) (%S+) (.*)$")
    if content == "" then content = nil end
    bodies[#bodies + 1] = wrk.format(method, path, headers, content)
  end
  unique = bodies[1]:find("@@@@@@@@@@@@", 1, true)
  started = tonumber(arguments[3])
end

function request()
  at = at + 1
  local one = bodies[(at - 1) % #bodies + 1]
  if unique then
    return (one:gsub("@@@@@@@@@@@@", string.format("%012d", started + at)))
  end
  return one
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "bytes": %d, "p50": %.1f, "p99": %.1f, "errors": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
