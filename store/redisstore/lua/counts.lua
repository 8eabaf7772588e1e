#!lua flags=no-writes
-- KEYS: the index of each status.  ARGV: key prefix.  Returns the size of each; then what was created, completed, failed
-- in the last six full steps of 10 s.
local step = math.floor(tonumber(redis.call('TIME')[1]) / 10)
local out = {}
for i = 1, #KEYS do out[i] = redis.call('ZCARD', KEYS[i]) end
local n = #KEYS
out[n + 1], out[n + 2], out[n + 3] = 0, 0, 0
for s = step - 6, step - 1 do
  local r = redis.call('HMGET', ARGV[1] .. 'rate:' .. string.format('%.0f', s), 'c', 'd', 'f')
  for i = 1, 3 do out[n + i] = out[n + i] + tonumber(r[i] or 0) end
end
return out
