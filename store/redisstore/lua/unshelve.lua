-- KEYS, behind row.lua's: shelf.  ARGV, behind the prefix: the ms before which they were put there, limit, the ms of their due
-- entries.  Returns how many.
local ids = redis.call('ZRANGE', KEYS[3], '-inf', '(' .. ARGV[2], 'BYSCORE', 'LIMIT', 0, ARGV[3])
if #ids == 0 then return {'0'} end
local keys, rows = {}, {}
for i, id in ipairs(ids) do keys[i] = PREFIX .. 'm:' .. id end
local first = nextDispatch(#ids)
for i, v in ipairs(fetch(keys, 1, #keys)) do
  rows[2 * i - 1], rows[2 * i] = keys[i], placed(v, packed(first + i - 1), '')
  many('ZADD', DUE, ARGV[4], ids[i])
  many('ZREM', KEYS[3], ids[i])
end
redis.call('MSET', unpack(rows))
send()
return {tostring(#ids)}
