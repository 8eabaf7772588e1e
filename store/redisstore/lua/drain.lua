#!lua
-- KEYS: session.  Returns state, description, started, renewed, lease until, and the mark; or nothing where the session is not
-- live.
local s = redis.call('HMGET', KEYS[1], 'st', 'j', 'a', 'n', 'u')
if s[1] ~= 'live' then return {} end
redis.call('HSET', KEYS[1], 'd', '1')
s[6] = '1'
return s
