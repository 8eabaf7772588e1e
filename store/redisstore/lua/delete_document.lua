#!lua
-- KEYS: documents.  ARGV: name; the version that it must have, 8 bytes. Returns whether it had, as 1 or 0.
local was = redis.call('HGET', KEYS[1], ARGV[1])
if not was or string.sub(was, 1, 8) ~= ARGV[2] then return {'0'} end
redis.call('HDEL', KEYS[1], ARGV[1])
return {'1'}
