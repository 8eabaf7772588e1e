#!lua
-- KEYS: shelf, due, dueno, dispatch.  ARGV: key prefix, the ms before which they were put there, limit, the ms of their due
-- entries.  Returns how many.
local ids = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do
  redis.call('ZADD', KEYS[2], ARGV[4], id)
  redis.call('HSET', KEYS[3], id, string.format('%.0f', redis.call('INCR', KEYS[4])))
  redis.call('HDEL', ARGV[1] .. 'm:' .. id, 's')
  redis.call('ZREM', KEYS[1], id)
end
return {tostring(#ids)}
