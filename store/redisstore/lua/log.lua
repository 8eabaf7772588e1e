#!lua flags=no-writes
-- KEYS: mission, what was reported of it.  ARGV: a line's number.  Returns nothing for an unknown mission, else how many lines are
-- kept and the head, empty where nothing was reported, and all lines if some are behind that number.
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local head = redis.call('LINDEX', KEYS[2], 0)
if not head then return {'0', ''} end
local kept = tostring(redis.call('LLEN', KEYS[2]) - 1)
if struct.unpack('>I8', head) <= tonumber(ARGV[1]) then return {kept, head} end
return {kept, unpack(redis.call('LRANGE', KEYS[2], 0, -1))}
