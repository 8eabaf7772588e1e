-- KEYS, behind row.lua's: shelf.  ARGV, behind the prefix: the ms before which they were put there, limit, the ms of their due
-- entries.  Returns how many.
local SHELF = KEYS[3]
local ids = redis.call('ZRANGE', SHELF, '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, ARGV[3])
if #ids == 0 then return {'0'} end
local keys = {}
for i, id in ipairs(ids) do keys[i] = PREFIX .. 'm:' .. id end
local first = nextDispatch(#ids)
for i, v in ipairs(fetch(keys, 1, #keys)) do
  if v then -- else it was taken away by hand
    put(keys[i], placed(v, packed(first + i - 1), ''))
    push(sets.ZADD, 'due', ARGV[4], ids[i])
  end
end
redis.call('ZREM', SHELF, unpack(ids))
write()
return {tostring(#ids)}
