#!lua
-- KEYS: broker.  ARGV: what it must be, what it becomes.  Returns whether it was, as 1 or 0.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return {'0'} end
redis.call('SET', KEYS[1], ARGV[2])
return {'1'}
