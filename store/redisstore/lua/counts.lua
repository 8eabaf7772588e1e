#!lua flags=no-writes
-- KEYS: the index of each status.  ARGV: key prefix, which index is that of QUEUED.  Returns the size of each; then what was
-- created, completed, failed in the last six full steps of 10 s; then id and row of the first that is QUEUED, if any.
local step = math.floor(tonumber(redis.call('TIME')[1]) / 10)
local out = {}
for i = 1, #KEYS do out[i] = redis.call('ZCARD', KEYS[i]) end
local n = #KEYS
out[n + 1], out[n + 2], out[n + 3] = 0, 0, 0
for s = step - 6, step - 1 do
  local r = redis.call('HMGET', ARGV[1] .. 'rate:' .. string.format('%.0f', s), 'c', 'd', 'f')
  for i = 1, 3 do out[n + i] = out[n + i] + tonumber(r[i] or 0) end
end
local id = redis.call('ZRANGE', KEYS[tonumber(ARGV[2])], 0, 0)[1]
local row = id and redis.call('GET', ARGV[1] .. 'm:' .. id)
if row then out[n + 4], out[n + 5] = id, row end
return out
