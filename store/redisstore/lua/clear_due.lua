#!lua
-- KEYS: due, dueno.  ARGV: key prefix; then mission, Dispatch, shelf or '', and so on.
local clock = redis.call('TIME')
local ms = string.format('%.0f', tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000))
for i = 2, #ARGV, 3 do
  local id, shelf = ARGV[i], ARGV[i + 2]
  if redis.call('HGET', KEYS[2], id) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
    local m = ARGV[1] .. 'm:' .. id
    if shelf ~= '' and string.match(redis.call('HGET', m, 'v') or '', '^%d+|QUEUED|') then
      redis.call('HSET', m, 's', shelf)
      redis.call('ZADD', ARGV[1] .. 'sh:' .. shelf, ms, id)
    end
  end
end
return 1
