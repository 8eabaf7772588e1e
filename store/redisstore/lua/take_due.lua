#!lua
-- KEYS: due, dueno, dispatch.  ARGV: limit, hold in ms.  Returns mission, Dispatch, mission, Dispatch, ...
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local ids = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', ms), 'BYSCORE', 'LIMIT', 0, ARGV[1])
local out = {}
for _, id in ipairs(ids) do
  local n = string.format('%.0f', redis.call('INCR', KEYS[3]))
  redis.call('ZADD', KEYS[1], string.format('%.0f', ms + tonumber(ARGV[2])), id)
  redis.call('HSET', KEYS[2], id, n)
  out[#out + 1], out[#out + 2] = id, n
end
return out
