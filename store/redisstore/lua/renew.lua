#!lua
-- KEYS: session, leases.  ARGV: id, lease in ms, what the soldier says.  Returns started, renewed, lease until; or nothing
-- where the session is dead.
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local old = redis.call('HMGET', KEYS[1], 'st', 'a', 'n')
if old[1] == 'dead' then return {} end
local renewed = ms
if old[3] then renewed = math.max(ms, tonumber(old[3]) + 1) end -- it only grows, so that it tells one renewal from another
local started = old[2] or string.format('%.0f', ms)
renewed = string.format('%.0f', renewed)
local until_ = string.format('%.0f', ms + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'st', 'live', 'j', ARGV[3], 'a', started, 'n', renewed, 'u', until_)
redis.call('ZADD', KEYS[2], until_, ARGV[1])
return {started, renewed, until_}
