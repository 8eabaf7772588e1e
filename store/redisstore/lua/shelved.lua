#!lua flags=no-writes
-- KEYS: due, shelves.  ARGV: shelf, the ms before which they were put there (at most 2^42), limit.  Returns missions.
local number = tonumber(redis.call('HGET', KEYS[2], ARGV[1]))
if not number then return {} end
local first = -number * 4398046511104 -- see keys.go
return redis.call('ZRANGE', KEYS[1], string.format('%.0f', first), string.format('(%.0f', first + tonumber(ARGV[2])), 'BYSCORE',
  'LIMIT', 0, ARGV[3])
