#!lua
-- KEYS: epoch.  ARGV: the id for a new epoch; the id of the epoch that the caller knows, or '', and when that began.
-- Returns id, when it began in ms, origin, how many missions were adopted. An epoch older than the known one is a copy of
-- Redis' data from before: what came since is gone, as in a wipe. It is called only where something is to be written.
local id, at = unpack(redis.call('HMGET', KEYS[1], 'id', 'at'))
local known = ARGV[2] ~= '' and ARGV[2]
if not id or (known and id ~= known and tonumber(at) < tonumber(ARGV[3])) then
  local clock = redis.call('TIME')
  at = string.format('%.0f', tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000))
  id = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', id, 'at', at, 'how', 'first')
end
if known and id ~= known then
  redis.call('HSET', KEYS[1], 'how', 'wiped')
end
local is = redis.call('HMGET', KEYS[1], 'how', 'n')
return {id, at, is[1], is[2] or '0'}
