#!lua flags=no-writes
-- KEYS: any of the shard.  Returns the clock of its node in microseconds.
local clock = redis.call('TIME')
return string.format('%.0f', tonumber(clock[1]) * 1000000 + tonumber(clock[2]))
