-- The load that both servers get, for wrk: bodies from a file, one a line, each event with a
-- fresh id. Arguments: file of bodies, write key, eight random hex digits of this run.

local ROOM = string.rep("@", 36)
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

-- Cut a whole HTTP request where its event ids belong.
local function cut(text)
  local pieces, at = {}, 1
  while true do
    local first, last = text:find(ROOM, at, true)
    if not first then
      pieces[#pieces + 1] = text:sub(at)
      return pieces
    end
    pieces[#pieces + 1] = text:sub(at, first - 1)
    at = last + 1
  end
end

function init(arguments)
  local headers = {
    ["Authorization"] = "Bearer " .. arguments[2],
    ["Content-Type"] = "application/json",
    ["User-Agent"] = "classifieds-server/1.0",
  }
  templates, sent, ids = {}, 0, 0
  for body in io.lines(arguments[1]) do
    templates[#templates + 1] = cut(wrk.format("POST", "/v1/events", headers, body))
  end
  prefix = string.format("%s-%04x-4000-8000-", arguments[3], number)
end

function request()
  local pieces = templates[sent % #templates + 1]
  local whole, n = {pieces[1]}, 1
  for at = 2, #pieces do
    whole[n + 1] = prefix
    whole[n + 2] = string.format("%012x", ids)
    whole[n + 3] = pieces[at]
    n = n + 3
    ids = ids + 1
  end
  sent = sent + 1
  return table.concat(whole)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answered": %d, "refused": %d, "failed": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
