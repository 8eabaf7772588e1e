#!lua flags=no-writes
-- KEYS: mission, the lines that lie apart.  Returns nothing for an unknown mission, else its row, and those lines.
local v = redis.call('GET', KEYS[1])
if not v then return {} end
return {v, unpack(redis.call('LRANGE', KEYS[2], 0, -1))}
