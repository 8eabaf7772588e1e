-- All changes or none.  KEYS, behind the missions: the session, its set of missions, leases, buried.
-- ARGV, last: session id, the ms at which it must have renewed last, for how many ms a dead session is known, is listed.
-- Returns nothing where something differs, else what finish does, and the letters of applyAll.
local SESSION, HELD, LEASES, BURIED = unpack(KEYS, FIRST_KEY + N + 1, FIRST_KEY + N + 4)
local id, renewed, known, listed = unpack(ARGV, #ARGV - 3)
local state = redis.call('HMGET', SESSION, 'st', 'n')
if state[1] ~= 'live' or state[2] ~= renewed or redis.call('SCARD', HELD) ~= N then
  return {}
end
local seen = {}
for i = 1, N do
  local key, v = KEYS[FIRST_KEY + i], missions[i]
  if string.sub(STEPS, STEP * (i - 1) + 1, STEP * (i - 1) + 8) ~= (v and versionOf(v) or NONE) or seen[key] or
    redis.call('SISMEMBER', HELD, string.sub(key, -16)) == 0 then
    return {}
  end
  seen[key] = true
end
local codes = applyAll(function() end)
local dispatch, entries = finish()
redis.call('HSET', SESSION, 'st', 'dead')
redis.call('PEXPIRE', SESSION, known)
redis.call('ZREM', LEASES, id)
redis.call('ZADD', BURIED, ms, id)
redis.call('ZREMRANGEBYSCORE', BURIED, '-inf', string.format('%.0f', ms - tonumber(listed)))
return {dispatch, entries, codes}
