-- KEYS, behind row.lua's: shelves.  ARGV, behind the prefix: shelf, the ms before which they were put there (at most 2^42),
-- limit, the ms of their due entries.  Returns how many.
local number = tonumber(redis.call('HGET', KEYS[3], ARGV[2]))
if not number then return {'0'} end
local before = '(' .. string.format('%.0f', tonumber(ARGV[3]) - number * SHELF)
local ids = redis.call('ZRANGE', DUE, string.format('%.0f', -number * SHELF), before, 'BYSCORE', 'LIMIT', 0, ARGV[4])
if #ids == 0 then return {'0'} end
local keys = {}
for i, id in ipairs(ids) do keys[i] = PREFIX .. 'm:' .. id end
local first = nextDispatch(#ids)
for i, v in ipairs(fetch(keys, 1, #keys)) do
  if v then
    put(keys[i], redispatched(v, first + i - 1))
    push(sets.ZADD, 'due', ARGV[5], ids[i])
  else -- taken away by hand
    push(sets.ZREM, 'due', ids[i])
  end
end
write()
return {tostring(#ids)}
