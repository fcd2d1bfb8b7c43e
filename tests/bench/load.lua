-- Sends the bodies of a file in turn, one a line; @@@@@@@@@@@@ is another text in every request.
local bodies, at, unique, started = {}, 0, nil, 0

function init(arguments)
  wrk.method = "POST"
  local headers = {}
  for line in io.lines(arguments[2]) do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
  end
  for line in io.lines(arguments[1]) do
    bodies[#bodies + 1] = wrk.format("POST", arguments[3], headers, line)
  end
  unique = bodies[1]:find("@@@@@@@@@@@@", 1, true)
  started = tonumber(arguments[4])
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
