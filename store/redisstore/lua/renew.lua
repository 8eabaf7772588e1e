#!lua
-- KEYS: session, leases.  ARGV: id, lease in ms, what the soldier says, the renewal's number or 0.  Returns what the soldier
-- said last, started, renewed, lease until, the mark of drain.lua or ''; or nothing where the session is dead.
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local old = redis.call('HMGET', KEYS[1], 'st', 'a', 'n', 'q', 'j', 'd')
if old[1] == 'dead' then return {} end
local renewed = ms
if old[3] then renewed = math.max(ms, tonumber(old[3]) + 1) end -- it only grows, so that it tells one renewal from another
local started = old[2] or string.format('%.0f', ms)
renewed = string.format('%.0f', renewed)
local until_ = string.format('%.0f', ms + tonumber(ARGV[2]))
local said, number, highest = ARGV[3], tonumber(ARGV[4]), tonumber(old[4] or 0)
if number > 0 and number < highest then said = old[5] end -- overtaken: it proves life, and nothing else is news
redis.call('HSET', KEYS[1], 'st', 'live', 'j', said, 'a', started, 'n', renewed, 'u', until_)
if number > highest then redis.call('HSET', KEYS[1], 'q', ARGV[4]) end
redis.call('ZADD', KEYS[2], until_, ARGV[1])
return {said, started, renewed, until_, old[6] or ''}
