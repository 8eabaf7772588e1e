-- All changes or none.  KEYS[6..9]: the session, its set of missions, leases, buried.
-- ARGV[3..6]: session id, the ms at which it must have renewed last, for how many ms a dead session is known, is listed.
-- ARGV[7]: how many changes.  Returns nothing where something differs, else the Dispatch of each change.
local SESSION, HELD, LEASES, BURIED = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local n = tonumber(ARGV[7])
k, a = 9, 7
local state = redis.call('HMGET', SESSION, 'st', 'n')
if state[1] ~= 'live' or state[2] ~= ARGV[4] or redis.call('SCARD', HELD) ~= n then
  return {}
end
local changes, seen = {}, {}
for i = 1, n do
  local c = read()
  if c.was ~= c.from or seen[c.id] or redis.call('SISMEMBER', HELD, c.id) == 0 then
    return {}
  end
  changes[i], seen[c.id] = c, true
end
local out = {'buried'}
for i = 1, n do out[i + 1] = apply(changes[i]) end
redis.call('HSET', SESSION, 'st', 'dead')
redis.call('PEXPIRE', SESSION, ARGV[5])
redis.call('ZREM', LEASES, ARGV[3])
redis.call('ZADD', BURIED, ms, ARGV[3])
redis.call('ZREMRANGEBYSCORE', BURIED, '-inf', string.format('%.0f', ms - tonumber(ARGV[6])))
return out
