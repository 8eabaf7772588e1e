#!lua
-- KEYS: documents.  ARGV: name; the version that it must have, 8 bytes; body; how many a collection holds. Returns the new
-- version, or c where it has another one, or f where there is no room.
-- Versions are those of the collection, so that a name which was free meanwhile does not get one again. The clock is in them:
-- a Redis that lost its last writes gives none again either.
local was = redis.call('HGET', KEYS[1], ARGV[1])
if string.sub(was or '\0\0\0\0\0\0\0\0', 1, 8) ~= ARGV[2] then return {'c'} end
if not was and redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4]) then return {'f'} end
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local version = math.max(ms, 1 + tonumber(redis.call('HGET', KEYS[1], '') or '0'))
local text = string.format('%.0f', version)
redis.call('HSET', KEYS[1], '', text, ARGV[1], struct.pack('>I8', version) .. ARGV[3])
return {text}
