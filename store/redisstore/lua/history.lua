#!lua flags=no-writes
-- KEYS: mission, history.  Returns nothing for an unknown mission, else how many lines were dropped, and the lines.
local m = redis.call('HMGET', KEYS[1], 'v', 'd')
if not m[1] then return {} end
local out = redis.call('LRANGE', KEYS[2], 0, -1)
table.insert(out, 1, m[2] or '0')
return out
