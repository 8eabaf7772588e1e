#!lua flags=no-writes
-- KEYS: leases, buried.  ARGV: key prefix, limit, `expired` or `all`, for how many ms a dead one is listed.
-- Returns id, state, description, started, renewed, lease until, the mark of drain.lua or '', and so on.
local clock = redis.call('TIME')
local ms = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local limit = tonumber(ARGV[2])
local out = {}
local function add(ids)
  for _, id in ipairs(ids) do
    if #out >= 7 * limit then return end
    local s = redis.call('HMGET', ARGV[1] .. 's:' .. id, 'st', 'j', 'a', 'n', 'u', 'd')
    if s[1] then
      local n = #out
      out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5], out[n + 6] = id, s[1], s[2], s[3], s[4], s[5]
      out[n + 7] = s[6] or ''
    end
  end
end
if ARGV[3] == 'expired' then
  add(redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', ms), 'BYSCORE', 'LIMIT', 0, limit))
else
  add(redis.call('ZRANGE', KEYS[1], 0, limit - 1, 'REV'))
  local since = '(' .. string.format('%.0f', ms - tonumber(ARGV[4]))
  add(redis.call('ZRANGE', KEYS[2], '+inf', since, 'BYSCORE', 'REV', 'LIMIT', 0, limit))
end
return out
